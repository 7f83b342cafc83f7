# Places orders: a key a line on standard input, an answer a line on standard output.
# With the argument "cured" the pool gives up a connection that has met a reader.
require "sequel"

READ_ONLY = [1290, 1836].freeze # as what a demoted writer answers to a write
UNREACHABLE = [2002, 2003].freeze # nothing was sent

DB = Sequel.connect(
  adapter: "mysql2", host: ENV["DB_HOST"], port: ENV["DB_PORT"], user: ENV["DB_USER"],
  password: ENV["DB_PASSWORD"], database: ENV["DB_NAME"],
  max_connections: 1, connect_timeout: 1, read_timeout: 2, write_timeout: 2, test: false
)

# The driver's own error comes unwrapped where Sequel quotes a value on a connection that was cut.
ERRORS = [Sequel::DatabaseError, Mysql2::Error].freeze

def number_of(error)
  error = error.wrapped_exception if error.is_a?(Sequel::DatabaseError)
  error.respond_to?(:error_number) ? error.error_number.to_i : 0
end

def place(key, cured)
  DB[:orders].insert(ref: key)
rescue Mysql2::Error
  DB.disconnect
  raise
rescue Sequel::DatabaseError => error
  # The cure: the next order connects anew, to where DNS leads then.
  DB.disconnect if cured && READ_ONLY.include?(number_of(error))
  raise
end

$stdout.sync = true
$stdin.each_line(chomp: true) do |key|
  place(key, ARGV.first == "cured")
  puts "ok #{key}"
rescue *ERRORS => error
  number = number_of(error)
  refused = (READ_ONLY + UNREACHABLE).include?(number)
  puts "#{refused ? "refused" : "unknown"} #{key} #{READ_ONLY.include?(number) ? number : 0}"
end

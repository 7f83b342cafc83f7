"""A shop whose orders Django stores. PyMySQL stands in for mysqlclient, which wants a compiler."""

import pymysql

pymysql.install_as_MySQLdb()

"""What local and live mode share: the AWS API as a client, and what moves a writer through it."""

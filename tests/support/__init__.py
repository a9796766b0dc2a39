"""What the tests stand on: a real server, people who use it, a database to look into, a browser."""

"""Mail to a list: real SMTP on loopback."""

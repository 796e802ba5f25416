"""What customers and sellers said: reasons, stories, interviews."""

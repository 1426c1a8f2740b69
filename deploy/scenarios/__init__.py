"""What people of a region do, as named steps over HTTP: played by the demo, the bench and the tests."""

"""Projects, monitoring reports and documents over HTTP."""

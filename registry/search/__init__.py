"""One search box for everything that anybody may see."""

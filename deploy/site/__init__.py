"""The site as a whole: pages that show more than one capability, of templates that each of them brings."""

"""Who asks: API keys, roles and grants, approvals by two people, restrictions."""

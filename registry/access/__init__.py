"""Who is asking and what they may do: API keys, role grants, approvals by two people, restrictions."""

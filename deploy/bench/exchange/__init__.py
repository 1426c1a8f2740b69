"""
`kilnwood bench exchange`: what the matching engine does in a second, beside other engines and beside itself.

A figure is a function of *seconds* and *rounds* that answers a `Figure`; a line in `EXCHANGE` of `deploy.bench.run`
makes it known, and the command's help names it. One that needs a database or a service starts it and ends it itself.
"""

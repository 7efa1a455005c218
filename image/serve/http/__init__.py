"""HTTP, from the socket to the routes. Decides nothing about models.

front      servers on listening sockets
protocol   a connection within bounds; heads: what a request's head may be
api        the layers over the routes: access (id, log), security/, body, disconnect
"""

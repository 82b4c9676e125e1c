from django.test import RequestFactory
def test_x(cast):
    from staff.sessions import identify
    from staff.scope import open_scope, NOBODY, current
    for n in ("director","clerk","sysadmin","auditor","viewer","provider","releaser"):
        c = cast.client(n)
        r = c.get("/nope/")
        req = RequestFactory().get("/")
        from django.contrib.sessions.backends.db import SessionStore
        req.session = c.session
        req.user = cast.users[n]
        with open_scope(NOBODY):
            identify(req)
            print(n, req.assignment, current().role, current().ranges)

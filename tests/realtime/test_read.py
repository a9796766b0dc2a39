"""read: the room hears how far each member has read."""


def test_it_works(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    live = alice.live()
    live.join(project.id)
    assert bob.put(f"{project.api}/read", {"number": number}).json() == {"lastReadNumber": number}
    news = {"projectId": project.id, "userId": bob.id, "number": number}
    assert live.wait_for("read") == news


def test_it_is_quiet_when_nothing_moves(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    bob.put(f"{project.api}/read", {"number": number})
    live = alice.live()
    live.join(project.id)
    bob.put(f"{project.api}/read", {"number": number - 1})
    live.hears_nothing("read")


def test_it_does_not_reach_outsiders(alice, bob, charlie, project):
    number = project.post(alice, "hello")["number"]
    outsider = charlie.live()
    outsider.join(project.id)
    bob.put(f"{project.api}/read", {"number": number})
    outsider.hears_nothing("read")

from staff.models.people import ApiToken, Assignment, Post, PostRegion, User
from staff.models.records import AccessLog, TransitionRecord
from staff.models.region import Region
from staff.models.region_change import RegionChange
from staff.models.settings import Holiday, Parameter
from staff.models.work import Job, StoredFile

__all__ = [
    "AccessLog",
    "ApiToken",
    "Assignment",
    "Holiday",
    "Job",
    "Parameter",
    "Post",
    "PostRegion",
    "Region",
    "RegionChange",
    "StoredFile",
    "TransitionRecord",
    "User",
]

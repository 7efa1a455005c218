"""Whom Pod Security excuses, and since which of its versions: pods for Windows, and pods in a user namespace.

Each answer is True, False, or UNKNOWN where it hangs on a field that only `up` knows; then so does the verdict.
"""

from typing import Any

from kube.objects import Pod
from kube.unknown import UNKNOWN
from policies.settings import Settings

WINDOWS_SINCE = (1, 25)
"""Before it, what a Windows pod can't set was asked of it all the same."""
USER_NAMESPACES_SINCE = (1, 35)


def is_windows(pod: Pod, settings: Settings) -> Any:
    """Whether the pod is for Windows, where the API server refuses the fields that are made for Linux."""
    if settings.pod_security_version < WINDOWS_SINCE:
        return False
    system = pod.spec.text("os.name")
    return UNKNOWN if system is UNKNOWN else system == "windows"


def is_in_user_namespace(pod: Pod, settings: Settings) -> Any:
    """Whether root in the pod is nobody on the node."""
    if settings.pod_security_version < USER_NAMESPACES_SINCE:
        return False
    host_users = pod.spec.flag("hostUsers")
    return UNKNOWN if host_users is UNKNOWN else host_users is False

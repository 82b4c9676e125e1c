"""Notes (提醒) that reach somebody in the app, and wake their phone where the browser can be woken."""

"""`python -m tui` is `outpost`."""

from tui.command import main

raise SystemExit(main())

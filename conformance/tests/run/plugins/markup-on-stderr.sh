#!/bin/sh
# It writes markup, and letters for a terminal, wherever it can.
. "${0%/*}/reference.sh"
printf '</code></pre></script><script>document.title="taken"</script><img src="x" onerror="document.title=1">\033[31m & `<b>`\n' >&2
exit 3
main

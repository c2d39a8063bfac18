// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "priv/helper.h"

#define PRIV_RUN_DIR	"/run/ovpnd"

/* Only in our own folder, or the daemon could have anything removed. */
static bool priv_path_is_ours(const struct priv_request *req)
{
	size_t len = strlen(PRIV_RUN_DIR "/");

	return !req->path[sizeof(req->path) - 1] &&
	       !strncmp(req->path, PRIV_RUN_DIR "/", len) &&
	       req->path[len] && !strchr(req->path + len, '/');
}

int priv_do_socket(struct priv_helper *helper, const struct priv_request *req,
		   struct priv_reply *reply)
{
	struct stat st;

	if (!priv_path_is_ours(req)) {
		priv_reply_text(reply, "not a file in " PRIV_RUN_DIR);
		return -EPERM;
	}
	if (lstat(req->path, &st) || !S_ISSOCK(st.st_mode)) {
		priv_reply_text(reply, "not a socket");
		return -EPERM;
	}
	memcpy(helper->socket.path, req->path, sizeof(helper->socket.path));
	helper->socket.dev = st.st_dev;
	helper->socket.ino = st.st_ino;
	return 0;
}

/* The next daemon may have put its own there already. */
void priv_socket_remove(struct priv_helper *helper)
{
	struct stat st;

	if (!helper->socket.path[0])
		return;
	if (!lstat(helper->socket.path, &st) &&
	    st.st_dev == helper->socket.dev && st.st_ino == helper->socket.ino)
		unlink(helper->socket.path);
	rmdir(PRIV_RUN_DIR);
}

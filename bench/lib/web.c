#include "web.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/fake/fake.h"
#include "web/web.h"

static struct engine *make_engine(struct loop *loop, const struct engine_events *events, void *events_data, void *data)
{
	(void)data;
	return fake_engine_new(loop, events, events_data);
}

static void serve(struct web_options options, int port_pipe)
{
	struct error err = {0};
	struct web *web;
	unsigned port;
	sigset_t term;
	int signal;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	log_setup("web", LOG_LEVEL_WARNING, false);
	options.listen = "127.0.0.1:0";
	options.engine_new = make_engine;
	if (web_new(&options, &web, &err) < 0 || web_start(web, &err) < 0) {
		fprintf(stderr, "the web process: %s\n", err.message);
		_exit(1);
	}
	port = web_port(web);
	if (write(port_pipe, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	sigwait(&term, &signal);
	web_stop(web);
	web_free(web);
	_exit(0);
}

pid_t web_serve(const struct web_options *options, struct site *site)
{
	unsigned port;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		exit(1);
	pid = fork();
	if (pid == 0)
		serve(*options, ends[1]);
	close(ends[1]);
	if (pid < 0 || read(ends[0], &port, sizeof(port)) != sizeof(port)) {
		fprintf(stderr, "the web process did not start\n");
		exit(1);
	}
	close(ends[0]);
	snprintf(site->host, sizeof(site->host), "127.0.0.1");
	snprintf(site->port, sizeof(site->port), "%u", port);
	return pid;
}

void web_end(pid_t web)
{
	kill(web, SIGTERM);
	waitpid(web, NULL, 0);
}

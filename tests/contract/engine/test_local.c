/* contract_engine_local SOCKET REFERENCE: against a running agent that has the image or can pull it. */
#include <stdio.h>

#include "contract/engine/suite.h"
#include "engine/local/local.h"

static struct engine *make(struct loop *loop, const struct engine_events *events, void *events_data, void *data)
{
	return local_engine_new(loop, data, events, events_data);
}

int main(int argc, char **argv)
{
	struct contract contract = {.make = make};

	if (argc != 3) {
		fprintf(stderr, "usage: %s SOCKET REFERENCE\n", argv[0]);
		return 2;
	}
	contract.data = argv[1];
	contract.reference = argv[2];
	return contract_run("engine: local", &contract);
}

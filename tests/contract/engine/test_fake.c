#include "contract/engine/suite.h"
#include "engine/fake/fake.h"

static struct engine *make(struct loop *loop, const struct engine_events *events, void *events_data, void *data)
{
	(void)data;
	return fake_engine_new(loop, events, events_data);
}

int main(void)
{
	struct contract contract = {.make = make, .reference = "taste/figlet:b1"};

	return contract_run("engine: fake", &contract);
}

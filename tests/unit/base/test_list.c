#include "base/list.h"

#include "../test.h"

struct item {
	int value;
	struct list link;
};

static int sum_in_order(struct list *head)
{
	int sum = 0;

	list_for_each(node, head)
		sum = sum * 10 + container_of(node, struct item, link)->value;
	return sum;
}

static void keeps_the_order(void **state)
{
	struct item items[] = {{.value = 1}, {.value = 2}, {.value = 3}};
	struct list head;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	list_append(&head, &items[1].link);
	list_append(&head, &items[2].link);
	list_prepend(&head, &items[0].link);
	assert_int_equal(sum_in_order(&head), 123);
}

static void removing_is_safe_inside_the_loop_and_twice(void **state)
{
	struct item items[] = {{.value = 1}, {.value = 2}, {.value = 3}};
	struct list head;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_for_each(node, &head)
		if (container_of(node, struct item, link)->value != 2)
			list_remove(node);
	assert_int_equal(sum_in_order(&head), 2);
	list_remove(&items[0].link);
	list_remove(&items[1].link);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order),
		cmocka_unit_test(removing_is_safe_inside_the_loop_and_twice),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}

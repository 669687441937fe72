export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends vim
cat > /root/.vimrc <<'VIM'
source $VIMRUNTIME/defaults.vim
set number ruler wildmenu hlsearch ignorecase smartcase expandtab shiftwidth=4
set encoding=utf-8 mouse=a
VIM
cat > /root/hello.c <<'C'
#include <stdio.h>

int main(void)
{
    const char *name = "world";

    for (int i = 0; i < 3; i++)
        printf("Hello, %s!\n", name);
    return 0;
}
C
apt-get clean
rm -rf /var/lib/apt/lists/*

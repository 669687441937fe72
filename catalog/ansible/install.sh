export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ansible-core nano
mkdir -p /etc/ansible /root/play/templates
cat > /etc/ansible/ansible.cfg <<'CFG'
[defaults]
inventory = /etc/ansible/hosts
interpreter_python = /usr/bin/python3
nocows = true
CFG
echo 'localhost ansible_connection=local' > /etc/ansible/hosts
# Ansible's workers need named semaphores, which live there.
echo '[ -e /dev/shm ] || ln -s /tmp /dev/shm' >> /root/.profile
cat > /root/play/site.yml <<'YAML'
- name: Set up a small site
  hosts: localhost
  gather_facts: false
  vars:
    title: Hello from Ansible
    guests: [Jiwoo, Minji, Alex]
  tasks:
    - name: A folder for the pages
      ansible.builtin.file:
        path: /root/www
        state: directory
        mode: "0755"

    - name: The page, from a template
      ansible.builtin.template:
        src: templates/index.html.j2
        dest: /root/www/index.html
        mode: "0644"

    - name: A line that must be there
      ansible.builtin.lineinfile:
        path: /root/www/robots.txt
        line: "User-agent: *"
        create: true
        mode: "0644"
YAML
cat > /root/play/templates/index.html.j2 <<'J2'
<h1>{{ title }}</h1>
<ul>
{% for guest in guests %}
  <li>{{ guest }}</li>
{% endfor %}
</ul>
J2
apt-get clean
rm -rf /var/lib/apt/lists/*

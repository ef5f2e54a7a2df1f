/**
 * The help of the programs in Chinese, by its English text; braces mark values. Names of commands, options, phases and
 * types stay, and so does the text of kubeadm above the list of phases.
 */
const common: Readonly<Record<string, string>> = {
	'print the version': '输出版本',
	'display help for command': '显示命令的帮助',
	'print a completion script: source <({program} completion bash)': '输出补全脚本：source <({program} completion bash)',
	'name of the node (default: the name of this machine)': '节点名（默认：本机的主机名）',
	'can be repeated': '可重复',
	'repeat until the output matches': '重复执行，直到输出匹配',
	'how long to repeat': '重复执行的时长',
	'how long to wait': '等待的时长',
	'default: all': '默认：全部',
};

const kubeletSim: Readonly<Record<string, string>> = {
	'A node that joins a cluster as kubeadm and the kubelet do': '模拟节点：像 kubeadm 和 kubelet 一样加入集群',
	'remove the files that a join wrote; the Node object stays in the cluster':
		'删除加入时写入的文件；集群中的 Node 对象保留',
	"directory of the node's files (default: .kubejoin/nodes/NAME)": '节点文件的目录（默认：.kubejoin/nodes/NAME）',
	'do not ask for confirmation': '不询问，直接删除',
	'print the files, and remove nothing': '只列出文件，不删除',
	'join the cluster whose API server is at HOST:PORT, then send heartbeats':
		'加入 API 服务器位于 HOST:PORT 的集群，然后发送心跳',
	'address of the API server': 'API 服务器的地址',
	'bootstrap token, ID.SECRET, for discovery and for the certificate request':
		'启动引导令牌 ID.SECRET，用于发现和申请证书',
	'bootstrap token for discovery only': '只用于发现的启动引导令牌',
	'bootstrap token for the certificate request only': '只用于申请证书的启动引导令牌',
	'hash of the public key of a cluster CA; can be repeated': '集群 CA 公钥的哈希；可重复',
	'join without a hash: any server that has the token can impersonate the cluster':
		'不校验哈希就加入：持有令牌的任何服务器都能冒充集群',
	'kubeconfig with the address and CA of the cluster, instead of token and hash: a path or an https URL':
		'含集群地址和 CA 的 kubeconfig，代替令牌和哈希：路径或 https URL',
	'check everything, change nothing, and print the changes that a join makes': '只检查，不更改，并列出加入会做的更改',
	'stop after this phase, and print who trusts whom so far': '在此阶段后停止，并说明此时的信任关系',
	'phases to skip, with commas between them; can be repeated': '要跳过的阶段，以逗号分隔；可重复',
	'JoinConfiguration (kubeadm.k8s.io/v1beta4), instead of the token flags':
		'JoinConfiguration 文件（kubeadm.k8s.io/v1beta4），代替令牌参数',
	'accepted, as by kubeadm; never opened': '与 kubeadm 一样接受，但不连接',
	'run this many nodes in one process (at most {most}): NAME-1, NAME-2 …, with their files in ROOT/NAME-1 …':
		'在一个进程中运行多个节点（最多 {most} 个）：NAME-1、NAME-2 …，文件在 ROOT/NAME-1 …',
	'print failures and not the join': '只输出失败，不输出加入过程',
	'address of /healthz, /readyz and /metrics': '/healthz、/readyz 和 /metrics 的地址',
	'port of /healthz, /readyz and /metrics; 0: no port': '/healthz、/readyz 和 /metrics 的端口；0 为不监听',
	'IP address of the kubelet API; the Node reports it, unless it is 0.0.0.0':
		'kubelet API 的 IP 地址；Node 报告此地址，0.0.0.0 除外',
	['port of the kubelet API; 0: no port. Default: 10250, or a free port if that is in use; with --nodes no port. ' +
		'With --nodes the first node has this port, and each other the next. A node without a port runs no pods.']:
		'kubelet API 的端口；0 为不监听。默认：10250，被占用时为空闲端口；有 --nodes 时不监听。' +
		'有 --nodes 时，第一个节点使用此端口，其余依次加一。没有端口的节点不运行 Pod。',
	'request the certificate of the kubelet API from the cluster, where it needs approval (default: self-signed)':
		'向集群申请 kubelet API 的证书，需要批准（默认：自签名）',
	'Without a hash, {phase} replaces pin-ca and confirm.': '没有哈希时，{phase} 代替 pin-ca 和 confirm。',
	'With a discovery file, {first} and {second} replace the phases of discovery.':
		'使用发现文件时，{first} 和 {second} 代替发现的各阶段。',
};

const attackerSim: Readonly<Record<string, string>> = {
	'An attacker for the simulated mesh of this project only, with the knowledge of a real one':
		'攻击者，只能攻击本项目的模拟集群，掌握的信息与真实攻击者相同',
	'be a man in the middle between a node and the API server': '充当节点与 API 服务器之间的中间人',
	'listen address: loopback, or the private address of this container': '监听地址：回环地址，或本容器的内网地址',
	'listen port; 0: a free port, which the report names': '监听端口；0 为空闲端口，报告中写明',
	'the API server': 'API 服务器',
	'CA certificate in PEM; it must verify the API server': 'PEM 格式的 CA 证书，必须能验证 API 服务器',
	'attack, see below': '攻击方式，见下文',
	'file for the report, JSON, mode 0600': '报告文件，JSON 格式，权限 0600',
	'P1: a stolen bootstrap token, ID.SECRET': 'P1：窃取的启动引导令牌 ID.SECRET',
	"P3: the stolen key of the cluster's CA": 'P3：窃取的集群 CA 私钥',
	'port of /healthz and /readyz, on 127.0.0.1 (default: none)': '127.0.0.1 上 /healthz 和 /readyz 的端口（默认：无）',
	'request a certificate with a stolen credential, and print the outcome': '用窃取的凭据申请证书，并输出结果',
	'CA certificate, PEM': 'PEM 格式的 CA 证书',
	'P1: a stolen bootstrap token': 'P1：窃取的启动引导令牌',
	'P2: the kubelet.conf of a node': 'P2：节点的 kubelet.conf',
	'for example kubernetes.io/kube-apiserver-client-kubelet': '例如 kubernetes.io/kube-apiserver-client-kubelet',
	'user in the certificate': '证书中的用户',
	'group in the certificate; can be repeated': '证书中的组；可重复',
	'DNS name; can be repeated': 'DNS 名称；可重复',
	'IP address; can be repeated': 'IP 地址；可重复',
	'can be repeated (default: digital signature, client auth)': '可重复（默认：digital signature、client auth）',
	'time to wait for a decision': '等待审批的时间',
	'directory for client.crt, client.key and client.conf, mode 0600':
		'client.crt、client.key 和 client.conf 的目录，权限 0600',
	'call a service of the mesh with a certificate that is not authorized': '用未经授权的证书调用内部服务',
	'the service': '服务的地址',
	'CA that verifies the service, PEM': '验证该服务的 CA，PEM 格式',
	'client certificate, PEM': '客户端证书，PEM 格式',
	'its key, PEM': '该证书的私钥，PEM 格式',
	'method of proto/kubejoin, such as Sign or CertificateAuthority/Sign':
		'proto/kubejoin 中的方法，例如 Sign 或 CertificateAuthority/Sign',
	'P2: check whether the certificate of a node is accepted, and as which user':
		'P2：检查节点的证书是否被接受，以及对应的用户',
	'the kubelet.conf of a node': '节点的 kubelet.conf',
	'repeat the request on the same connection after the certificate has expired': '证书过期后，在同一连接上再次请求',
};

const kubectlSim: Readonly<Record<string, string>> = {
	'Manage a kubejoin cluster with the commands of kubectl and of kubeadm token.':
		'用 kubectl 和 kubeadm token 的命令管理 kubejoin 集群。',
	'the kubeconfig (default: $KUBECONFIG, then ~/.kube/config)':
		'kubeconfig 文件（默认：$KUBECONFIG，其次 ~/.kube/config）',
	'context of the kubeconfig (default: its current context)': 'kubeconfig 的上下文（默认：当前上下文）',
	'list objects of one type': '列出一种类型的对象',
	'output format': '输出格式',
	'print no header line': '不输出表头',
	'print metadata.managedFields with -o json and -o yaml': '-o json 和 -o yaml 时输出 metadata.managedFields',
	'print every change until Ctrl-C': '持续输出更改，直到 Ctrl-C',
	"namespace (default: the context's)": '命名空间（默认：上下文的命名空间）',
	'in all namespaces': '在所有命名空间中',
	'resource type': '资源类型',
	'show the details of nodes or certificate signing requests': '显示节点或证书签名请求的详情',
	'names, or a prefix of names; default: all': '名称或名称前缀；默认：全部',
	'create the objects of a file': '创建文件中的对象',
	'YAML or JSON: a file, a directory, or - for standard input; can be repeated':
		'YAML 或 JSON：文件、目录，或用 - 表示标准输入；可重复',
	'read directories in these directories too': '同时读取这些目录的子目录',
	'replace existing objects by those of a file': '用文件中的对象替换现有对象',
	'delete objects': '删除对象',
	'do not fail when an object does not exist': '对象不存在时不报错',
	'set or remove labels of an object': '设置或删除对象的标签',
	'replace an existing value': '替换现有的值',
	'the name, then KEY=VALUE or KEY-': '名称，然后是 KEY=VALUE 或 KEY-',
	'decide on certificate signing requests': '批准或拒绝证书签名请求',
	'approve requests; the client obtains the certificate that it requested': '批准请求；客户端得到所申请的证书',
	'deny requests; they are never signed': '拒绝请求；此请求不再签发',
	'create, list and delete bootstrap tokens, with which nodes join': '创建、列出和删除节点加入所用的启动引导令牌',
	'create a bootstrap token on the cluster and print it': '在集群中创建启动引导令牌，并输出令牌',
	'lifetime, such as 1h30m; 0: the token never expires': '有效期，例如 1h30m；0 表示永不过期',
	'usages (default: signing,authentication)': '用途（默认：signing,authentication）',
	'groups (default: system:bootstrappers:kubeadm:default-node-token)':
		'组（默认：system:bootstrappers:kubeadm:default-node-token）',
	'a description for people': '供人阅读的说明',
	'only a node of this name can join with it': '只有此名称的节点能用它加入',
	'only the first node can join with it': '只有第一个节点能用它加入',
	'print the command that joins a node': '输出加入节点的命令',
	'write a JoinConfiguration for kubelet-sim join --config, mode 0600':
		'写入 kubelet-sim join --config 所用的 JoinConfiguration，权限 0600',
	'the file for --print-join-config': '--print-join-config 写入的文件',
	'default: a random token, which appears in no process list': '默认：随机令牌，不出现在进程列表中',
	'list the bootstrap tokens of the cluster with their secrets': '列出集群的启动引导令牌，包括令牌秘密',
	'delete bootstrap tokens': '删除启动引导令牌',
	'token IDs, the six characters before the dot': '令牌 ID，即点号前的 6 个字符',
	'print a random token without creating it on the cluster': '输出随机令牌，不在集群中创建',
	'check your identity and your permissions': '查看你的身份和权限',
	'show the user that the API server authenticates you as': '显示 API 服务器认证出的用户',
	'check whether a request is allowed; the exit code is 1 if it is not': '检查请求是否允许；不允许时退出码为 1',
	'such as approval or status': '例如 approval 或 status',
	'print nothing': '不输出',
	'TYPE, TYPE.GROUP, TYPE/NAME, or a path such as /version': 'TYPE、TYPE.GROUP、TYPE/NAME，或 /version 这样的路径',
	'show the kubeconfig and choose its current context': '显示 kubeconfig，选择当前上下文',
	'show the kubeconfig': '显示 kubeconfig',
	'include keys, certificates and tokens': '包括私钥、证书和令牌',
	'only the entries of the context': '只显示该上下文的条目',
	'list the contexts': '列出上下文',
	'print the current context': '输出当前上下文',
	'set the current context': '设置当前上下文',
	'print the Kubernetes version of the client and of the server': '输出客户端和服务器的 Kubernetes 版本',
	'do not connect to the server': '不连接服务器',
};

const scripts: Readonly<Record<string, string>> = {
	'Watch, examine or delete the mesh of npm start': '查看、检查或删除 npm start 启动的集群',
	'print past and new joins of a running mesh': '输出运行中集群的加入记录和新的加入',
	'see: kubejoin watch --help': '见：kubejoin watch --help',
	'find damaged files in a state directory, and print the effect and a remedy for each':
		'查找状态目录中损坏的文件，说明影响和处理方法',
	'state directory of the mesh': '集群的状态目录',
	'delete the cluster in a state directory: CA, tokens, nodes and logs': '删除状态目录中的集群：CA、令牌、节点和日志',
	'delete it without a question': '不询问，直接删除',
	'Print the joins of a running mesh: past joins, then new ones': '输出运行中集群的加入：先输出记录，再输出新的加入',
	'address of the page': '页面的地址',
	'text, or one JSON object per line': '文本，或每行一个 JSON 对象',
	'print every message': '输出每条消息',
	'print one line per join': '每次加入输出一行',
	'print past joins and exit': '输出加入记录后退出',
	'only the joins of this node': '只输出此节点的加入',
	'Start a cluster on 127.0.0.1 and join nodes to it': '在 127.0.0.1 启动集群，并加入节点',
	'number of nodes (default: {usual}, with --once {once})': '节点数（默认：{usual}，有 --once 时为 {once}）',
	'join, check that every node is Ready, and stop; exit code 0 on success':
		'加入节点，检查每个节点均为 Ready，然后停止；成功时退出码为 0',
	'delete the cluster in the state directory first, after a question': '先删除状态目录中的集群，删除前询问',
	'answer that question with yes': '不询问，直接删除',
	'print every message of a join': '输出加入过程的每条消息',
	'directory of the cluster': '集群的目录',
	'port of the API server; the next ones are for services': 'API 服务器的端口；其后的端口用于各服务',
	'port of the page': '页面的端口',
	'make the page read-only: it joins no nodes and decides no requests': '将页面设为只读：不能加入节点，也不能审批请求',
	'lifetime of node certificates, for a lab (default: one year)': '节点证书的有效期，供实验使用（默认：1 年）',
	'version that the cluster claims to be, for an older kubeadm (default: {version})':
		'集群声明的版本，供较旧的 kubeadm 使用（默认：{version}）',
	'lmdb (files in the state directory), redis://HOST:PORT or rediss://HOST:PORT':
		'lmdb（状态目录中的文件）、redis://HOST:PORT 或 rediss://HOST:PORT',
	'Inject faults into the mesh, and check that it stays secure and available':
		'向集群注入故障，检查安全性和可用性是否保持',
	'list the experiments': '列出实验',
	'format of the list': '列表的格式',
	'check the documents and run none': '只校验文档，不运行',
	'print the commands of the experiments and run none': '只输出实验的命令，不运行',
	'seed of all random choices: CHAOS_SEED of the steps, and --shuffle':
		'所有随机选择的种子：步骤的 CHAOS_SEED 和 --shuffle',
	'run in an order that depends on the seed': '按种子决定的顺序运行',
	'write journals and report here (default: chaos/TIME in the state directory)':
		'实验日志和报告的目录（默认：状态目录中的 chaos/TIME）',
	'text, one JSON object a line, or nothing': '文本、每行一个 JSON 对象，或不输出',
	'local or compose (default: CHAOS_MESH, or the mesh that runs)':
		'local 或 compose（默认：CHAOS_MESH，或运行中的集群）',
	'state directory of the mesh (default: CHAOS_STATE, or .kubejoin)':
		'集群的状态目录（默认：CHAOS_STATE 或 .kubejoin）',
	'observer that provides the joins for the report': '为报告提供加入记录的 observer',
	'write the results into docs/chaos-results.json; needs --mesh': '将结果写入 docs/chaos-results.json；需要 --mesh',
	'directory of the experiments': '实验的目录',
	'names, ids, or unique prefixes of names (default: all)': '名称、编号或唯一的名称前缀（默认：全部）',
	['Rollbacks always run. Exit codes: 0 all passed, 1 one failed or no mesh runs, 2 invalid document or no ' +
		'containers, 3 invalid arguments, 130 interrupted.']:
		'回滚总会执行。退出码：0 全部通过，1 有实验失败或没有运行中的网格，2 文档无效或找不到容器，3 参数无效，130 已中止。',
	'Run experiments for clients of a Unix socket': '为 Unix 套接字的客户端运行实验',
	'listen on this Unix socket': '监听此 Unix 套接字',
	'local or compose': 'local 或 compose',
	'write journals and reports below this directory': '实验日志和报告写入此目录',
	'read the experiments from this directory': '从此目录读取实验',
};

/** Of commander, which writes the help, and of its errors. */
export const commanderTexts: Readonly<Record<string, string>> = {
	'Usage:': '用法：',
	'Arguments:': '位置参数：',
	'Options:': '选项：',
	'Global Options:': '全局选项：',
	'Commands:': '命令：',
	'Examples:': '示例：',
	'Modes:': '攻击方式：',
	'Powers:': '能力：',
	"unknown option '{option}'": "未知选项 '{option}'",
	"unknown command '{command}'": "未知命令 '{command}'",
	"missing required argument '{name}'": "缺少位置参数 '{name}'",
	"option '{option}' argument missing": "选项 '{option}' 缺少值",
	"required option '{option}' not specified": "没有指定必需的选项 '{option}'",
	"option '{option}' cannot be used with option '{other}'": "选项 '{option}' 不能与 '{other}' 同时使用",
	"option '{option}' argument '{value}' is invalid. {reason}": "选项 '{option}' 的值 '{value}' 无效。{reason}",
	"option '{option}' argument '' is invalid. {reason}": "选项 '{option}' 的值为空，无效。{reason}",
	"command-argument value '' is invalid for argument '{name}'. {reason}": "位置参数 '{name}' 的值为空，无效。{reason}",
	"command-argument value '{value}' is invalid for argument '{name}'. {reason}":
		"位置参数 '{name}' 的值 '{value}' 无效。{reason}",
	'Allowed choices are {list}.': '可选值：{list}。',
	'It must be {wanted}.': '应为：{wanted}。',
	'a whole number from {least} to {most}': '{least} 到 {most} 的整数',
	'one of {names}': '{names} 之一',
	'the path of a directory, and not empty': '目录的路径，且不能为空',
	'lmdb, redis://HOST:PORT or rediss://HOST:PORT': 'lmdb、redis://HOST:PORT 或 rediss://HOST:PORT',
	'HOST:PORT, without a scheme': 'HOST:PORT，不带协议',
	'an address such as http://127.0.0.1:8080, without a user name': '形如 http://127.0.0.1:8080 的地址，不含用户名',
	'too many arguments. Expected {most} arguments but got {count}.': '位置参数过多：最多 {most} 个，收到 {count} 个。',
	'too many arguments. Expected {most} argument but got {count}.': '位置参数过多：最多 {most} 个，收到 {count} 个。',
	"too many arguments for '{command}'. Expected {most} arguments but got {count}.":
		"'{command}' 的位置参数过多：最多 {most} 个，收到 {count} 个。",
	"too many arguments for '{command}'. Expected {most} argument but got {count}.":
		"'{command}' 的位置参数过多：最多 {most} 个，收到 {count} 个。",
	'true or false': 'true 或 false',
	'(Did you mean {other}?)': '（是否为 {other}？）',
	'(Did you mean one of {others}?)': '（是否为其中之一：{others}？）',
};

export const helpTexts: Readonly<Record<string, string>> = {
	...common,
	...kubeletSim,
	...attackerSim,
	...kubectlSim,
	...scripts,
};

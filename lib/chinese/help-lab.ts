/** The help of the lab, which injects faults, and of the benchmarks, in Chinese by its English text. */
const lab: Readonly<Record<string, string>> = {
	'Inject one fault into a mesh, or inspect one part of it': '向集群注入一个故障，或查看它的一部分',
	'manage bootstrap tokens by their names in the experiment': '按实验中的名称管理启动引导令牌',
	'create a token; no command line contains it': '创建令牌；令牌不出现在任何命令行中',
	'its lifetime': '有效期',
	'signing, authentication': 'signing、authentication',
	'valid for one node': '只对一个节点有效',
	'valid for this node only': '只对此节点有效',
	'in the experiment': '在实验中的名称',
	'delete the token from the cluster': '从集群中删除令牌',
	'make the token expire now': '使令牌立即过期',
	'print whether the cluster stores the token and signs cluster-info with it':
		'输出集群是否存有此令牌，是否用它为 cluster-info 签名',
	'delete every token of the cluster until reset': '删除集群的所有令牌，直到 reset',
	'start a node and wait until it has joined, was refused, or is paused': '启动节点，等待它已加入、未能加入或被挂起',
	'of the experiment': '实验中的名称',
	'right, wrong (by one digit), other (another cluster), none, or a text':
		'right（正确）、wrong（错一位）、other（另一个集群）、none（无），或文本',
	'connect to this attacker instead of the API server': '连接此攻击者，而不是 API 服务器',
	'connect to this address instead of the API server': '连接此地址，而不是 API 服务器',
	'send this instead of the token': '发送此文本，而不是令牌',
	'timeout of discovery': '发现的超时时间',
	'timeout of the TLS bootstrap': 'TLS 启动引导的超时时间',
	'pause the node when it prints this': '节点输出此文本时，挂起节点',
	'shift its clock: +600s': '调整时钟：+600s',
	'run this many nodes in one process': '在一个进程中运行的节点数',
	'default: its name in the experiment': '默认：它在实验中的名称',
	'do not wait': '不等待',
	'its name in the experiment': '在实验中的名称',
	'print the outcome and the output of a node': '输出节点的结果和输出',
	'send SIGSTOP to its process': '向节点的进程发送 SIGSTOP',
	'send SIGCONT after a pause': '挂起后发送 SIGCONT',
	'send SIGKILL to its process': '向节点的进程发送 SIGKILL',
	'start a node again after it has ended': '节点结束后再次启动',
	'stop a node and remove it from the cluster': '停止节点，并从集群中删除',
	'print how the certificate rotations of its nodes are spread over time': '输出各节点轮换证书的时间分布',
	'that must rotate': '必须轮换的节点数',
	'how often each must rotate': '每个节点必须轮换的次数',
	'start an attacker between nodes and the API server': '在节点与 API 服务器之间启动攻击者',
	'kind of attack': '攻击方式',
	'that it has stolen': '攻击者窃取的令牌',
	'listen on an address that is not in the certificate of the API server': '监听 API 服务器证书不包含的地址',
	'that it has stolen; steal prints its directory': '攻击者窃取的凭据；steal 输出其目录',
	'of the attacker in the experiment': '攻击者在实验中的名称',
	'print the connections and gains of an attacker': '输出攻击者的连接和收获',
	'copy ca-key, mesh-client, signing-client, admin to the attackers; prints the directory':
		'将 ca-key、mesh-client、signing-client、admin 复制给攻击者，并输出目录',
	['run a command of attacker-sim; replaces {target}, {cluster-ca}, {address:SERVICE}, {token:NAME}, ' +
		'{kubeconfig:NODE}, {certificate:NODE} and {stolen}']:
		'运行 attacker-sim 的命令；替换 {target}、{cluster-ca}、{address:SERVICE}、{token:NAME}、' +
		'{kubeconfig:NODE}、{certificate:NODE} 和 {stolen}',
	'that steal printed': 'steal 输出的目录',
	'steal this first': '先窃取此凭据',
	'run every attack against a node with a pin and one without; exit code 1 when a result is not the expected one':
		'对有公钥哈希和没有公钥哈希的节点各进行所有攻击；结果不符合预期时退出码为 1',
	'that holds ca.key; default: steal it first': '含 ca.key 的目录；默认：先窃取',
	'inject faults into services': '向服务注入故障',
	'send SIGKILL; the service stays down until it is started': '发送 SIGKILL；服务停止，直到再次启动',
	'start the service and wait until it is ready': '启动服务，等待就绪',
	'send SIGSTOP, or pause the container': '发送 SIGSTOP，或挂起容器',
	'continue after a pause': '挂起后继续运行',
	'disconnect the service, which keeps running': '断开服务的网络，服务继续运行',
	'reconnect the service after a cut': '恢复服务的网络',
	'undo every fault of every service': '撤销所有服务的所有故障',
	'restart the service with other settings or another clock, until reset': '用其他设置或时钟重启服务，直到 reset',
	'a setting without its prefix; can be repeated': '不带前缀的设置；可重复',
	'print the state of each service': '输出各服务的状态',
	'kill the service while nodes are at each step of a join, and print the outcome of each':
		'节点处于加入的每一步时终止服务，并输出每个节点的结果',
	'how long the service stays down': '服务停止的时长',
	'print matching lines that the services have logged since the experiment started':
		'输出实验开始以来服务日志中匹配的行',
	'that a line must match': '行须匹配的模式',
	'inject faults into the connection of two services: {connections}': '向两个服务之间的连接注入故障：{connections}',
	'delay each response with Toxiproxy; without it, pause the server once for this long':
		'用 Toxiproxy 延迟每个应答；没有 Toxiproxy 时，将服务器挂起一次',
	'how long': '时长',
	'drop all data': '丢弃所有数据',
	'remove the fault': '撤销故障',
	'join a node while the clock of one service, or of kubelet-sim, is wrong':
		'在一个服务或 kubelet-sim 的时钟偏移时加入节点',
	'print the outcome and the measured clock of each join with a wrong clock': '输出每次时钟偏移的加入结果和测得的时钟',
	'approve or deny the pending requests of a requester': '批准或拒绝请求方待处理的请求',
	'system:node:NAME, or token:NAME': 'system:node:NAME 或 token:NAME',
	'how long to wait for a request': '等待请求的时长',
	'count the certificates that were issued to holders of a token': '统计签发给令牌持有方的证书',
	'send the request of a node to ca-service again, which must return the certificate that it has issued':
		'将节点的请求再次发送给 ca-service，必须返回已签发的证书',
	"with the controller's credentials; default: steal them first": '控制器的凭据；默认：先窃取',
	'change ClusterRoleBindings': '更改 ClusterRoleBinding',
	'remove a ClusterRoleBinding until reset': '删除 ClusterRoleBinding，直到 reset',
	'replace a Node without reading it first, with one more label': '不先读取，直接替换 Node，并增加一个标签',
	'with the kubeconfig of this node': '使用此节点的 kubeconfig',
	'print a verdict now: security or availability': '立即输出结论：security 或 availability',
	'must have been connected to, and must have got no secret and no node':
		'必须被连接过，且没有得到机密信息，也没有骗过节点',
	'must not have been connected to': '必须没有被连接过',
	'must have no identity': '必须没有身份',
	'no certificate was issued with it': '没有用它签发证书',
	'its certificate must not be accepted': '它的证书必须不被接受',
	'must have no certificate on its disk': '磁盘上必须没有证书',
	'the CA must have issued exactly one certificate for it': 'CA 必须恰好为它签发一张证书',
	'no node has a label that only admins can set': '没有节点带有只有管理员能设置的标签',
	'every request with a stolen credential was refused': '使用窃取的凭据的请求都被拒绝',
	'every node has joined or has no identity': '每个节点都已加入，或没有身份',
	'of the experiment, must be Ready and send a heartbeat': '实验的节点，必须为 Ready，并发送心跳',
	'how long availability can take': '恢复可用的时限',
	'record an expectation that steady judges after the method: security or availability':
		'记录一项预期，由 steady 在实验步骤后判断：security 或 availability',
	'security is expected to be violated': '预期安全性被破坏',
	'run kubectl-sim as the admin': '以管理员身份运行 kubectl-sim',
	'as the user of the experiment, with its home directory': '以实验用户的身份，使用其主目录',
	'add or remove the kubeconfig of the user that kubectl --user runs as':
		'添加或删除 kubectl --user 所用用户的 kubeconfig',
	'print the pin that openssl computes for a new CA, with rsa or pkey':
		'输出 openssl 用 rsa 或 pkey 为新 CA 算得的公钥哈希',
	'of the CA': 'CA 的密钥类型',
	'check that every service runs unchanged, every node sends heartbeats, and the verdicts match':
		'检查服务运行且未改变，节点发送心跳，结论符合预期',
	'how long to wait for heartbeats': '等待心跳的时长',
	'undo every fault and remove everything that experiments created': '撤销所有故障，删除实验创建的一切',
	'search logs, traces, journals, files of nodes and command lines for secrets':
		'在日志、追踪、实验日志、节点文件和命令行中搜索机密信息',
	'print the security verdict': '输出安全性结论',
	'plant a secret that scan must find, or remove it': '植入 scan 必须找到的机密信息，或将其删除',
};

const benchmarks: Readonly<Record<string, string>> = {
	'Measure joins, the REST API and certificates beside floors; lists, nodes that stay, starts, the page, containers':
		'测量加入、REST API 和证书，并与下限对比；另有列表、常驻节点、启动、页面和容器',
	'one short round with the lmdb store, for trying; its figures are rough':
		'用 lmdb 存储快速运行一轮，仅供试用；数值粗略',
	'print the results as JSON': '以 JSON 输出结果',
	'measure the build in this directory in turn with this one': '与此目录中的构建交替测量',
	'rounds of each measurement (default: {rounds})': '每项测量的轮数（默认：{rounds}）',
	'nodes that stay, in the section nodes (default: {count})': 'nodes 一节中常驻节点的数量（默认：{count}）',
	'the program cfssl, measured beside ca-service in the section ca': 'ca 一节中与 ca-service 对比的 cfssl 程序',
	'time that they stay (default: {minutes})': '常驻的时间（默认：{minutes}）',
	'with an observer, and its storm view open in Chromium, in the section nodes':
		'nodes 一节中同时运行 observer，并在 Chromium 中打开加入风暴视图',
	'restarted in the middle of that time (default: {service})': '在这段时间的中途重新启动的服务（默认：{service}）',
	'default: joins, rest and lists': '默认：joins、rest 和 lists',
};

export const labHelpTexts: Readonly<Record<string, string>> = { ...lab, ...benchmarks };

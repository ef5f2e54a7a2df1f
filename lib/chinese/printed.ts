/**
 * Sentences that programs print in Chinese, by their English text: progress and results of kubelet-sim, attacker-sim
 * and kubejoin doctor. Braces mark values. Texts of kubeadm are not here: they stay English.
 */
const phases: Readonly<Record<string, string>> = {
	'no trust yet': '双方尚未建立信任',
	'no trust yet: TLS not verified, no secret sent': '双方尚未建立信任：未验证服务器，未发送机密信息',
	'the author of cluster-info knows the token': '签署 cluster-info 的一方持有此令牌',
	'the node trusts the cluster CA': '节点信任集群 CA',
	'the node trusts this API server and can send the token': '节点信任此 API 服务器，从此可以发送令牌',
	'the node trusts any server that knows the token': '节点信任任何持有此令牌的服务器',
	'the node trusts the CA in the discovery file': '节点信任发现文件中的 CA',
	'the node trusts this API server and can send its credential': '节点信任此 API 服务器，从此可以发送凭据',
	'the API server accepts the token': 'API 服务器接受令牌',
	'the API server accepts the credential': 'API 服务器接受凭据',
	'unchanged; no Ready node has this name': '信任关系不变；没有同名的 Ready 节点',
	'unchanged; the key never leaves the node': '信任关系不变；私钥不离开节点',
	'the cluster trusts the node: its CA has signed the key': '集群信任节点：CA 已为节点的公钥签发证书',
	'node and cluster trust each other; the token is no longer needed': '双方互相信任，不再需要令牌',
	'node and cluster trust each other; the credential is no longer needed': '双方互相信任，不再需要凭据',
	'the node is listed, over mutual TLS': '节点已通过双向 TLS 注册',
	'the cluster trusts the new key: its CA has signed it': '集群信任新的公钥：CA 已为它签发证书',
	'node and cluster trust each other, by the new certificate': '双方通过新证书互相信任',
};

const kubeletSim: Readonly<Record<string, string>> = {
	'{trust} ({ms} ms)': '{trust}（{ms} ms）',
	'Node {node} continues with its certificate, valid until {time}': '节点 {node} 继续使用现有证书，到期时间 {time}',
	'This process is now the node {node}. Press Ctrl-C to stop it.': '此进程现在是节点 {node}。按 Ctrl-C 停止。',
	'This process is now {count} nodes. Press Ctrl-C to stop it.': '此进程现在是 {count} 个节点。按 Ctrl-C 停止。',
	'List the nodes in another terminal: {command}': '在另一个终端列出节点：{command}',
	'Using the key of an earlier request: {path}': '使用先前请求的密钥：{path}',
	'Waiting for the API server to accept the token': '等待 API 服务器接受令牌',
	'Waiting for the API server to accept the token: {problem}': '等待 API 服务器接受令牌：{problem}',
	'Waiting for the API server to accept the credential': '等待 API 服务器接受凭据',
	'Waiting for the API server to accept the credential: {problem}': '等待 API 服务器接受凭据：{problem}',
	'Waiting for the API server to create the request: {problem}': '等待 API 服务器创建请求：{problem}',
	'Waiting for the API server to create the Node: {problem}': '等待 API 服务器创建 Node：{problem}',
	'Waiting for the API server to accept the heartbeat: {problem}': '等待 API 服务器接受心跳：{problem}',
	'Waiting for the API server: {problem}': '等待 API 服务器：{problem}',
	'The API server is available again': 'API 服务器恢复可用',
	'{reason}; retrying every {interval} s for up to {most} s': '{reason}；每 {interval} 秒重试一次，最多 {most} 秒',
	'WARNING: the CA is not pinned (unsafeSkipCAVerification): any server that has the token can impersonate the cluster':
		'警告：未锁定 CA（unsafeSkipCAVerification）：持有令牌的任何服务器都能冒充集群',
	'WARNING: Ignored fields that have no effect here: {fields}': '警告：忽略在此无效的字段：{fields}',
	'The discovery file has no credentials; requesting cluster-info anonymously':
		'发现文件不含凭据；匿名获取 cluster-info',
	'Using the credentials of the discovery file to request cluster-info': '用发现文件中的凭据获取 cluster-info',
	'Kubernetes {version}; cluster domain {domain}, DNS {dns}; serving certificate {certificate}':
		'Kubernetes {version}；集群域名 {domain}，DNS {dns}；服务证书：{certificate}',
	'requested from the cluster': '向集群申请',
	'self-signed': '自签名',
	'Wrote {path}, deleted the bootstrap credentials': '已写入 {path}，已删除启动引导凭据',
	'Wrote {path}': '已写入 {path}',
	'{node} rotated its client certificate at {time}, serial {serial}, valid until {end}':
		'{node} 于 {time} 轮换了客户端证书，序列号 {serial}，到期时间 {end}',
	'{node} could not renew its client certificate ({code}): {problem}; it retries in {seconds} s':
		'{node} 未能更新客户端证书（{code}）：{problem}；{seconds} 秒后重试',
	'The client certificate expired at {time}; joining again with the bootstrap token':
		'客户端证书已于 {time} 过期；用启动引导令牌重新加入',
	'The client certificate expired at {time} and was not renewed ({reason}); joining again with the bootstrap token':
		'客户端证书已于 {time} 过期，且没有更新（{reason}）；用启动引导令牌重新加入',
	'The client certificate expired at {time}; joining again with the credential of the discovery file':
		'客户端证书已于 {time} 过期；用发现文件中的凭据重新加入',
	['The client certificate expired at {time} and was not renewed ({reason}); joining again with the credential ' +
		'of the discovery file']: '客户端证书已于 {time} 过期，且没有更新（{reason}）；用发现文件中的凭据重新加入',
	'Using the API server at {endpoint} instead of {other}': '使用 {endpoint} 上的 API 服务器，而不是 {other}',
	"No certificate for the kubelet's port: {problem}": 'kubelet 的端口没有证书：{problem}',
	"The kubelet's port {port} presents a certificate that is valid until {time}":
		'kubelet 的端口 {port} 出示的证书，到期时间 {time}',
	'The serving certificate needs approval: {command}': '服务证书需要批准：{command}',
	'No serving certificate ({problem}); retrying in {seconds} s': '没有服务证书（{problem}）；{seconds} 秒后重试',
	'The observer does not show this node: {problem}': 'observer 不显示此节点：{problem}',
	'The Node object stays in the cluster; delete it with: {command}': '集群中的 Node 对象保留；删除命令：{command}',
	'A kubelet-sim that still uses {root} keeps running until you stop it':
		'仍在使用 {root} 的 kubelet-sim 继续运行，直到你停止它',
	// --until and --dry-run.
	'Stopped after {phase}:': '已在 {phase} 之后停止：',
	'cluster CA: trusted, {pin}': '集群 CA：受信任，{pin}',
	'cluster-info: not trusted, received from a server that is not verified':
		'cluster-info：不受信任，来自未验证的服务器',
	'cluster-info: its author knows the token': 'cluster-info：签署的一方持有此令牌',
	'API server: not trusted; the token was not sent': 'API 服务器：不受信任；令牌未发送',
	'API server: not trusted; the client certificate was not sent': 'API 服务器：不受信任；客户端证书未发送',
	'API server: not trusted; no credential was sent': 'API 服务器：不受信任；未发送凭据',
	'API server: trusted, {url}, verified with this CA': 'API 服务器：受信任，{url}，由此 CA 验证',
	'API server: trusted, {url}, verified with an unpinned CA': 'API 服务器：受信任，{url}，由未锁定的 CA 验证',
	'token: sent and accepted': '令牌：已发送，已接受',
	'client certificate: sent and accepted': '客户端证书：已发送，已接受',
	'credential: sent and accepted': '凭据：已发送，已接受',
	'private key: on this node only': '私钥：只在此节点上',
	'cluster: trusts this node, its CA has signed the key': '集群：信任此节点，CA 已为其公钥签发证书',
	'certificate: verified, and stored as the identity of the node': '证书：已验证，已存为节点的身份',
	'Would create a certificate signing request for {user}, and wait for its certificate':
		'将为 {user} 创建证书签名请求，并等待证书',
	'Would create the Node "{node}" and its Lease': '将创建 Node “{node}” 及其 Lease',
	'Finished dry-running successfully. The node and the cluster are unchanged': '试运行完成。节点和集群均未更改',
};

const attackerSim: Readonly<Record<string, string>> = {
	'THIS IS AN ATTACKER for the simulated mesh of this project only.': '这是攻击者，只用于本项目的模拟集群。',
	'A node that connects to it must not trust it.': '连接到它的节点不得信任它。',
	'On {address}, between a node and {target}. Power {power}: {what}. Mode {mode}: {does}':
		'监听 {address}，位于节点与 {target} 之间。能力 {power}：{what}。方式 {mode}：{does}',
	'{peer} connected': '{peer} 已连接',
	'received {method}, {credential}': '收到 {method}，{credential}',
	'without a credential': '没有凭据',
	'with a certificate of another CA': '证书由另一个 CA 签发',
	'with the certificate of {name}': '使用 {name} 的证书',
	"{line}: {bytes} bytes of a token's secret were sent to it": '{line}：收到令牌秘密，{bytes} 字节',
	'CAPTURED {node}: it trusts the attacker as its cluster; certificate {serial}':
		'已骗过 {node}：它把攻击者当作集群；证书 {serial}',
	'outcome: refused {code}: {message}': '结果：被拒绝 {code}：{message}',
	'outcome: issued serial {serial}': '结果：已签发，序列号 {serial}',
	'good for: {seconds} s': '有效期：{seconds} 秒',
	'outcome: refused before its expiry: {reason}': '结果：到期前被拒绝：{reason}',
	'before its expiry: {outcome}': '到期前：{outcome}',
	'outcome: accepted as {user}, groups {groups}': '结果：已接受，用户 {user}，组 {groups}',
	'outcome: answered {method}': '结果：{method} 已应答',
	'own node {node}: {outcome}': '自己的节点 {node}：{outcome}',
	'only the network': '只控制网络',
	'a stolen bootstrap token': '窃取的启动引导令牌',
	'a stolen node certificate': '窃取的节点证书',
	"the stolen key of the cluster's CA": '窃取的集群 CA 私钥',
	'forwards every connection to the API server unchanged': '将每个连接原样转发给 API 服务器',
	'accepts every connection and never answers': '接受每个连接，但不应答',
	'serves the genuine, public cluster-info with a server certificate of its own CA':
		'出示自己的 CA 签发的服务证书，提供真实的、公开的 cluster-info',
	'serves a cluster-info with its own CA, without a signature': '提供含自己 CA 的 cluster-info，没有签名',
	'the same, with a signature by an invented key': '同上，用编造的密钥签名',
	'the same, with a valid signature by the token': '同上，用令牌生成有效的签名',
	'serves the genuine CA and its own, with a valid signature': '提供真实的 CA 和自己的 CA，签名有效',
	'serves an altered, validly signed cluster-info with the genuine CA; forwards the second request':
		'提供篡改过、签名有效、含真实 CA 的 cluster-info；转发第二次请求',
	'impersonates the API server with certificates of the stolen CA': '用窃取的 CA 签发证书，冒充 API 服务器',
};

const doctor: Readonly<Record<string, string>> = {
	'The mesh in {state} is running as process {pid}.': '{state} 中的集群正在运行，进程 {pid}。',
	'Stop it before you repair a file.': '修复文件之前，先停止它。',
	'No damage found in {state}: {count} files examined.': '{state} 没有损坏：已检查 {count} 个文件。',
	'Name the directory of the mesh, by default .kubejoin: npx kubejoin doctor --state DIR':
		'指定集群的目录，默认为 .kubejoin：npx kubejoin doctor --state DIR',
	'It holds no mesh': '目录中没有集群',
	'the directory does not exist': '目录不存在',
	'{link} is a symbolic link to {target}, which does not exist': '{link} 是指向 {target} 的符号链接，后者不存在',
	'it belongs to another user': '属于其他用户',
	'it is not a directory': '不是目录',
	'it has none of the files that kubejoin creates': '没有 kubejoin 创建的文件',
	'its disk is full': '磁盘已满',
	'No file can be written, so no node can join': '无法写入文件，节点无法加入',
	'Free space on its disk, which this command shows: {command}': '释放磁盘空间，用此命令查看：{command}',
	'No mesh can start with it': '集群无法用它启动',
	'Mount its disk for writing, or start as the owner of the directory': '以可写方式挂载磁盘，或以目录属主的身份启动',
	'Make it private: {command}': '改为只有属主可读：{command}',
	'it is a file and not a directory': '是文件，不是目录',
	'No logs are written': '不写入日志',
	'npm start does not start': 'npm start 无法启动',
	'it is not a file': '不是文件',
	'it is a link to a file that does not exist': '是符号链接，目标文件不存在',
	'its mode is {mode}': '权限为 {mode}',
	'Other users of this machine can read the secrets in it': '本机的其他用户可以读取其中的机密信息',
	'This user cannot examine it, and no mesh of this user can use it': '此用户无法检查，此用户的集群也无法使用',
	'Make this user its owner: {command}': '将属主改为此用户：{command}',
	'Remove it, and npm start creates it again: {command}': '将其删除，npm start 会重新创建：{command}',
	'It cannot be read': '无法读取',
	'Its service does not start, or has lost objects': '其服务无法启动，或丢失了对象',
	'ca-service does not start, because it could sign a request twice': 'ca-service 无法启动，否则可能对一个请求签发两次',
	'No certificate can be issued, and npm start does not start': '无法签发证书，npm start 无法启动',
	'Restore {path} from a backup; without one, delete the cluster and start a new one: {command}':
		'从备份恢复 {path}；没有备份时，删除集群并启动新的集群：{command}',
	'The node cannot use its identity': '节点无法使用其身份',
	['Let the node join again: {command}, then run the cluster for a minute without it: {start}, then start the node: ' +
		'{again}']: '让节点重新加入：{command}，然后在没有此节点时运行集群一分钟：{start}，再启动此节点：{again}',
	'Let the node join again: {command}, then run the cluster for a minute without it: {start}, then start the node':
		'让节点重新加入：{command}，然后在没有此节点时运行集群一分钟：{start}，再启动此节点',
	'Its service does not start': '其服务无法启动',
	'Its owner does not start': '其属主无法启动',
	'Its user cannot reach the API server': '其用户无法访问 API 服务器',
	'No node can join with it': '节点无法用它加入',
	'it is empty': '是空文件',
	'{count} of its values cannot be read': '其中 {count} 个值无法读取',
	'it is the store of {service}': '这是 {service} 的存储',
	'line {line} of {all} is not an entry of a ledger': '第 {line} 行（共 {all} 行）不是签发记录',
	'its private key belongs to another certificate': '私钥属于另一张证书',
	'its private key is missing': '缺少私钥',
	'it is not the CA of the nodes, whose kubelet.conf has another one':
		'不是节点的 CA：节点的 kubelet.conf 中是另一个 CA',
	'No node can reach the API server': '节点都无法访问 API 服务器',
	'its CA is not that of this cluster': '其中的 CA 不是此集群的 CA',
	'The node cannot reach the API server': '节点无法访问 API 服务器',
	'it names no API server, token or pin': '没有写明 API 服务器、令牌或公钥哈希',
	'it is not a JoinConfiguration': '不是 JoinConfiguration',
};

const kubectlSim: Readonly<Record<string, string>> = {
	'waiting for the cluster to create the token: {problem}': '等待集群创建令牌：{problem}',
};

export const printedTexts: Readonly<Record<string, string>> = {
	...phases,
	...kubeletSim,
	...attackerSim,
	...doctor,
	...kubectlSim,
};

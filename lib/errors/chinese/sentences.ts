/**
 * Sentences of kubejoin in Chinese, by their English text: causes, remedies and messages of errors, and results of the
 * experiment runner. Braces mark values. Upstream's texts are not here: they stay English.
 */
import { commandRemedies, composedRemedies } from './command-remedies.ts';

const printJoin = '`kubectl-sim token create --print-join-command`';

const causes: Readonly<Record<string, string>> = {
	// Discovery.
	'the token was not copied completely': '令牌没有复制完整',
	'it is only the ID of a token, or a token of another kind': '填写的只是令牌 ID，或是其他类型的令牌',
	'the CA key is not RSA, so "openssl rsa" of the usual recipe printed nothing, and the hash is of no data':
		'CA 密钥不是 RSA，常见命令中的 `openssl rsa` 没有输出，得到的是空内容的哈希',
	'the pin was not copied completely': '公钥哈希没有复制完整',
	'the hash is not SHA-256': '哈希不是 SHA-256',
	'the pin does not start with sha256:': '公钥哈希缺少前缀 `sha256:`',
	'the network has no route from this machine to {endpoint}': '本机到 {endpoint} 没有网络路由',
	'the server there is not an API server': '此地址上的服务器不是 API 服务器',
	'the token "{id}" has expired or was deleted': '令牌 {id} 已过期或已删除',
	'the token ID was mistyped, or the token belongs to another cluster': '令牌 ID 有误，或属于另一个集群',
	'the token was created without the usage signing': '令牌没有 signing 用途',
	'controller-manager-sim, which signs cluster-info, is not running':
		'controller-manager-sim 未运行，没有为 cluster-info 签名',
	'the secret of the token was mistyped; the cluster knows its ID': '令牌秘密（点号后的 16 个字符）有误；令牌 ID 存在',
	'an attacker that does not know the secret signed the answer': '攻击者不持有令牌秘密，编造了签名',
	'the token was deleted and created again with the same ID': '令牌已删除，又以同一 ID 重新创建',
	'the cluster does not support joining by token, or the server is not its API server':
		'集群不支持用令牌加入，或应答的不是集群的 API 服务器',
	'the ConfigMap cluster-info was edited': '名为 cluster-info 的 ConfigMap 被修改过',
	'an attacker in the network sent one of the two answers': '其中一次应答来自中间人',
	'the address or the CA of the cluster changed between the two reads': '集群的地址或 CA 恰好在两次读取之间变更',
	'the pin belongs to another cluster, or to this one before its CA was replaced':
		'公钥哈希属于另一个集群，或属于本集群更换前的 CA',
	'an attacker that knows the token answers with its own CA': '持有此令牌的攻击者用自己的 CA 应答',
	'the pin is the hash of the whole certificate, not of its public key': '填写的是整个证书的哈希，而不是公钥的哈希',
	['an attacker in the network replays cluster-info under its own certificate: cluster-info is public, ' +
		'but the attacker does not have the key of the cluster CA']:
		'中间人用自己的证书重放 cluster-info：cluster-info 是公开的，但中间人没有集群 CA 的私钥',
	'the API server still presents a certificate of the CA before the last rotation':
		'API 服务器仍在出示由轮换前的 CA 签发的证书',
	'the certificate of the API server does not contain the name or address in {endpoint}':
		'API 服务器的证书不包含 {endpoint} 中的名称或地址',
	'the address belongs to another server of the same cluster': '地址属于同一集群的另一台服务器',
	'the clock of this machine is wrong': '本机时钟不准',
	'the clock of the machine that issued the certificate is wrong': '签发证书的机器时钟不准',
	'the certificate of the API server was not renewed in time': 'API 服务器的证书没有及时更新',
	['the credential in the discovery file is invalid: a wrong, expired or deleted token, or a certificate that has ' +
		'expired or that another CA issued']:
		'发现文件中的凭据无效：令牌错误、已过期或已删除，或证书已过期，或由其他 CA 签发',
	['Write a valid credential into the discovery file, or remove it there and add --tls-bootstrap-token with the ' +
		'output of: kubectl-sim token create']:
		'在发现文件中写入有效的凭据，或将其移除，并用 `--tls-bootstrap-token` 指定 `kubectl-sim token create` 输出的令牌',
	'the API server refuses anonymous requests (--anonymous-auth=false), which discovery by token needs':
		'API 服务器拒绝匿名请求（`--anonymous-auth=false`），而用令牌发现需要匿名请求',
	['the role binding that lets anonymous clients read cluster-info is missing: ' +
		'kubeadm:bootstrap-signer-clusterinfo in kube-public']:
		'缺少允许匿名读取 cluster-info 的角色绑定：kube-public 中的 `kubeadm:bootstrap-signer-clusterinfo`',
	'the cluster does not publish cluster-info, so it does not support joining by token':
		'集群没有公布 cluster-info，不支持用令牌加入',
	'the server is the API server of another program': '应答的是其他程序的 API 服务器',
	'Correct these entries of {path}, or remove the ones that the join does not need':
		'更正 {path} 中的这些条目，或删除加入集群时用不到的条目',
	'the discovery file is not a kubeconfig with one cluster and its CA': '发现文件不是包含集群及其 CA 的 kubeconfig',
	'an entry of the discovery file is invalid; entries that the join does not use are checked too':
		'发现文件中有条目无效；加入集群时用不到的条目也会检查',
	'the URL belongs to another file, or its server has no certificate that this machine trusts':
		'URL 指向其他文件，或本机不信任其服务器的证书',
	'the discovery file comes from cluster-info, which is public and has no credentials':
		'发现文件取自 cluster-info，它是公开的，不含凭据',
	'the answer was not y, or there is no terminal to ask': '没有回答 y，或没有可以询问的终端',
	'the node sent no further request of its join within {waitedSeconds} s': '节点在 {waitedSeconds} 秒内没有继续加入',
	'a client with the same token and address began another join': '使用同一令牌和地址的客户端开始了另一次加入',
	'kubeadm join failed or was stopped, or the kubelet of the node is not running':
		'`kubeadm join` 失败或被中止，或节点的 kubelet 未运行',
	'Look for the reason in the output of kubeadm join, and in the log of the kubelet: journalctl -xeu kubelet':
		'在 `kubeadm join` 的输出和 kubelet 的日志中查找原因：`journalctl -xeu kubelet`',
	'the ConfigMap {configMap} was edited': '名为 {configMap} 的 ConfigMap 被修改过',
	// Join.
	'this machine, or this --root, already joined a cluster': '本机（或此 `--root` 目录）已加入一个集群',
	'the clock of this machine was never set, as after a boot without a battery':
		'本机时钟从未设置，例如没有电池的机器启动后',
	'this user has no permission to write below --root': '当前用户没有 `--root` 目录的写入权限',
	'another machine with the name "{node}" is running': '另一台运行中的机器使用节点名 {node}',
	'this machine was this node and stopped less than a minute ago, so its Node is still Ready':
		'本机就是此节点，停止不到 1 分钟，Node 仍为 Ready',
	'an administrator denied the request of this node': '管理员审查后拒绝了此节点的请求',
	'the name of the node is not the one that the owner of the token expects': '节点名与令牌绑定的名称不一致',
	'the request does not follow the rules of the signer': '请求不符合签名者的规则',
	'the request was deleted or replaced while the node waited': '节点等待期间，请求被删除或替换',
	['no controller approves the request: the binding kubeadm:node-autoapprove-bootstrap is missing, or ' +
		'does not include the groups of this token']:
		'没有控制器批准此请求：缺少绑定 `kubeadm:node-autoapprove-bootstrap`，或绑定不包含此令牌的组',
	'controller-manager-sim is not running, or cannot reach the API server':
		'controller-manager-sim 未运行，或无法访问 API 服务器',
	'the request is approved, and the CA cannot sign at the moment': '请求已批准，但 CA 暂时无法签发',
	'the certificate belongs to another request, or another CA issued it': '证书属于另一个请求，或由另一个 CA 签发',
	'the node was off, or could not reach the API server, during the time in which it renews its certificate':
		'应更新证书的时段内，节点已关机或无法访问 API 服务器',
	'its renewal requests were not approved: the binding kubeadm:node-autoapprove-certificate-rotation is missing':
		'更新请求未获批准：缺少绑定 `kubeadm:node-autoapprove-certificate-rotation`',
	'the clock of this machine is ahead': '本机时钟偏快',
	'the clock of this machine is behind: it shows {now}, and the certificate is valid from {limit}':
		'本机时钟偏慢：显示 {now}，而证书从 {limit} 起生效',
	'the certificate expired at {limit} and was not renewed; the clock of this machine shows {now}':
		'证书已于 {limit} 过期，未及时更新；本机时钟显示 {now}',
	'the cluster CA expired at {notAfter} and was not renewed': '集群 CA 已于 {notAfter} 过期，未及时更新',
	'the clock of ca-service is ahead': 'ca-service 的时钟偏快',
	// API server.
	'the caller tries to grant permissions that it does not hold itself': '调用方试图授予自己没有的权限',
	'the client presented no credential, and an anonymous client can read only cluster-info':
		'客户端没有出示凭据，而匿名客户端只能读取 cluster-info',
	'a bootstrap token can do little more than request a certificate, with the groups of a joining node':
		'启动引导令牌以加入中节点的组为权限，除申请证书外几乎没有其他权限',
	'a node can read and write only objects that belong to it': '节点只能读写属于自己的对象',
	'no role that is bound to this user or its groups allows it': '绑定到此用户及所属组的角色都不允许此操作',
	'the token lacks the usage authentication, or it expired or was deleted after cluster-info was read':
		'令牌没有 authentication 用途，或在读取 cluster-info 之后过期或被删除',
	['the credential is invalid: a wrong, expired or deleted token, or a certificate that has expired or ' +
		'that another CA issued']: '凭据无效：令牌有误、已过期或已删除，或者证书已过期、由另一个 CA 签发',
	'token-store stopped or crashed, or the API server cannot reach it':
		'token-store 已停止或崩溃，或 API 服务器无法访问 token-store',
	'token-store cannot read its store': 'token-store 无法读取自己的存储',
	// Connections.
	'no process listens on {address}: the server is down or uses another port':
		'没有进程监听 {address}：服务器未运行，或使用其他端口',
	'the address belongs to another machine': '地址属于另一台机器',
	'no packets come back from {address}: the server is paused or overloaded, or a firewall drops the packets':
		'没有收到 {address} 的应答：服务器暂停或过载，或防火墙丢弃了数据包',
	'the machine is off, or the address is wrong': '机器已关机，或地址有误',
	'the resolver of this machine does not know the name in {address}': '本机的域名解析器找不到 {address} 中的名称',
	'the name was mistyped': '名称有误',
	'the server on {address} does not speak TLS: it is a different service':
		'{address} 上的服务器不使用 TLS：是另一个服务',
	'a proxy intercepts the connection': '代理拦截了连接',
	'the server presents a certificate that is for clients': '服务器出示的是客户端证书',
	'an attacker uses the certificate of a client to impersonate a server': '攻击者用客户端证书冒充服务器',
	'an untrusted CA issued the certificate of the server, so this is probably not the intended server':
		'服务器的证书由不受信任的 CA 签发，因此很可能不是要连接的服务器',
	'the CA was replaced, and this client still trusts the old one': 'CA 已更换，而此客户端仍信任旧的 CA',
	'the certificate of the server does not contain the name or address that was used':
		'服务器的证书不包含所用的名称或地址',
	'the address belongs to another server of the same CA': '地址属于同一 CA 的另一台服务器',
	"the server's certificate is not valid at this machine's current time": '按本机时钟，服务器的证书不在有效期内',
	'the clock of one of the two machines is wrong': '两台机器中有一台时钟不准',
	'the certificate of {caller} is valid, but that service may not call this method':
		'{caller} 的证书有效，但不允许此服务调用此方法',
	'an attacker uses a stolen certificate': '攻击者使用窃取的证书',
	'this is not the intended server': '应答的不是要连接的服务器',
	'this client does not trust the CA that issued the certificate': '此客户端不信任签发证书的 CA',
	'the client certificate is missing or has expired, or another CA issued it':
		'没有客户端证书，或证书已过期，或由另一个 CA 签发',
	'the service was shutting down': '服务正在关闭',
	'the service on {target} stopped or closed the connection during the call':
		'{target} 上的服务在调用期间停止，或关闭了连接',
	'this client exceeds a limit of docs/limits.md': '此客户端超过了 docs/limits.md 中的限制',
	'the service on {target} is paused or overloaded': '{target} 上的服务暂停或过载',
	'the network drops the packets': '网络丢弃了数据包',
	'the service waits for its store or for another service': '服务正在等待存储或另一个服务',
	// Stores and state.
	'another version of LMDB wrote the file': '文件由另一版本的 LMDB 写入',
	'another program wrote the file, or it is an incomplete backup': '文件由其他程序写入，或是不完整的备份',
	'the disk was full, or the machine lost power, while the file was copied or written':
		'复制或写入文件时，磁盘已满，或机器断电',
	'the disk is full': '磁盘已满',
	'the store is not running, or the service cannot reach it': '存储未运行，或服务无法访问存储',
	'the service has another password or other certificates than the store': '服务的密码或证书与存储的不一致',
	'no mesh runs on this machine': '本机没有运行中的 kubejoin',
	'its page uses another port': '页面使用其他端口',
	'a mesh that was started earlier is still running as process {pid}': '此前启动的 kubejoin 仍在运行，进程 ID 为 {pid}',
};

/** Mistakes in the arguments of a join: `the hash: it is empty…`. */
const findings: Readonly<Record<string, string>> = {
	'it has {count} characters, far too many': '有 {count} 个字符，太长',
	'it has an invisible character ({character}) in it': '含有不可见字符（{character}）',
	'it begins with a blank': '以空格开头',
	'it has a line break in it': '含有换行符',
	'it ends with a blank': '以空格结尾',
	'it has a blank in it': '含有空格',
	'it has a quote in it': '含有引号',
	'it is a placeholder of the documentation': '是文档中的占位符',
	'it is the name of a variable, which the shell did not replace': '是变量名，shell 没有替换',
	'it has the character {character} in it, which only looks like another': '含有外形相似的其他字符 {character}',
	'it is a token of k3s; a bootstrap token has the form ID.SECRET': '是 k3s 的令牌；启动引导令牌的格式为“ID.令牌秘密”',
	'it is a hash of a CA key, and no token': '是 CA 公钥哈希，不是令牌',
	'it is a service-account token (JWT), and no bootstrap token': '是服务账号令牌（JWT），不是启动引导令牌',
	'it is the name of the Secret of a token; list tokens with: kubectl-sim token list':
		'是令牌所在 Secret 的名称；列出令牌：`kubectl-sim token list`',
	'it has a word in front of the token': '令牌前有多余的单词',
	'it is the ID alone; the dot and the secret of sixteen characters are missing':
		'只有令牌 ID，缺少点号和 16 个字符的令牌秘密',
	'it is the secret alone; the ID of six characters and the dot are missing':
		'只有令牌秘密，缺少 6 个字符的令牌 ID 和点号',
	'ID and secret are not separated by a dot': '令牌 ID 和令牌秘密之间不是点号',
	'the dot between ID and secret is missing': '令牌 ID 和令牌秘密之间缺少点号',
	'it has a dot too many': '有多余的点号',
	'it has upper-case letters, and a token has none': '含有大写字母，而令牌没有大写字母',
	'it is the base64 of a token; decode it': '是经过 base64 编码的令牌，应先解码',
	'it has {count} dots, and a token has one': '有 {count} 个点号，而令牌只有 1 个',
	'it has no dot; a token is six characters, a dot and sixteen characters':
		'没有点号；令牌由 6 个字符、点号和 16 个字符组成',
	'it has characters other than lower-case letters and digits': '含有小写字母和数字以外的字符',
	'it is empty: there is a comma too many, or the command that was to print it printed nothing':
		'内容为空：有多余的逗号，或计算哈希的命令没有输出',
	['it has colons between its bytes, as openssl x509 -fingerprint prints them; that is the hash of the ' +
		'certificate, and a pin is the hash of its public key']:
		'字节之间有冒号，是 `openssl x509 -fingerprint` 输出的证书哈希，而不是公钥的哈希',
	'it is the line that openssl dgst prints; write sha256: in front of its last word alone':
		'是 `openssl dgst` 输出的整行；只取最后的哈希，并在前面加上 `sha256:`',
	'it has = after sha256, and a colon is needed': 'sha256 之后是等号，应为冒号',
	'it has another character than a colon after sha256': 'sha256 之后不是冒号',
	'it has two colons after sha256': 'sha256 之后有两个冒号',
	'it has 0x in front of the digits': '数字前有 0x',
	'it has a hyphen in sha256': 'sha256 中有连字符',
	'it is the hash of another kind; SHA-256 is needed': '是其他类型的哈希，应为 SHA-256',
	'it is a token, and no hash': '是令牌，不是哈希',
	'it is a file or its name; the hash of the key in it is needed': '是文件或文件名，应为其中公钥的哈希',
	'it is base64, and hexadecimal digits are needed': '是 base64 编码，应为十六进制数字',
	'sha256: in front of it is missing': '缺少前缀 `sha256:`',
	'it is as long as a hash of {algorithm}; SHA-256 is needed': '长度与 {algorithm} 的哈希相同，应为 SHA-256',
	'it has {count} hexadecimal digits, and 64 are needed': '有 {count} 位十六进制数字，应为 64 位',
	'it has the character {character} in it, which is no hexadecimal digit': '含有字符 {character}，不是十六进制数字',
	'it does not begin with sha256:': '缺少前缀 `sha256:`',
	'it begins with a scheme; leave it out': '以协议名开头，应去掉',
	'it has a user name in it': '含有用户名',
	'the address has a zone, and no certificate is for an address with a zone; leave it out, or use a name':
		'地址带有区域（zone），而证书不能包含此类地址；去掉区域，或使用名称',
	'it has a path; leave it out': '含有路径，应去掉',
	'the port after the brackets is missing': '方括号后缺少端口',
	'one of the two brackets is missing': '缺少一个方括号',
	'the host in front of the colon is missing': '冒号前缺少主机',
	'the port after the colon is missing': '冒号后缺少端口',
	'an IPv6 address needs brackets: [::1]:6443': 'IPv6 地址须加方括号：`[::1]:6443`',
	'only an IPv6 address is put in brackets': '只有 IPv6 地址才加方括号',
	'the port is not a number': '端口不是数字',
	'the port is missing, as in :6443': '缺少端口，例如 `:6443`',
	'the port is not from 1 to 65535': '端口不在 1～65535 之间',
	'the host has characters that no name or address has': '主机名含有名称和地址都不允许的字符',
};

const remedies: Readonly<Record<string, string>> = {
	// Tokens.
	'Create a token on the control plane: kubectl-sim token create --print-join-command': `在控制平面创建新令牌：${printJoin}`,
	'Copy the whole token: six characters, a dot and sixteen characters. List valid tokens: kubectl-sim token list':
		'复制完整的令牌：6 个字符、点号、16 个字符。列出有效的令牌：`kubectl-sim token list`',
	'Correct the token: {finding}': '更正令牌：{finding}',
	'Correct these fields and create the token again': '更正这些字段，重新创建令牌',
	'Omit the token to generate one, or delete the existing one first: kubectl-sim token delete {id}':
		'不指定令牌以自动生成，或先删除现有的令牌：`kubectl-sim token delete {id}`',
	'List the tokens: kubectl-sim token list': '列出令牌：`kubectl-sim token list`',
	// Discovery.
	['Give sha256: and 64 hexadecimal digits, as printed by: openssl x509 -pubkey -noout -in ca.crt | ' +
		'openssl pkey -pubin -outform der | openssl dgst -sha256']:
		'填写 `sha256:` 和 64 位十六进制数字，计算方法：' +
		'`openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform der | openssl dgst -sha256`',
	['Check that an API server listens on {endpoint} and that the CA in cluster-info issued its ' +
		'certificate; the node retried for {seconds} s']:
		'确认 API 服务器正在监听 {endpoint}，且证书由 cluster-info 中的 CA 签发；节点已重试 {seconds} 秒',
	['Create a token with the usage signing on the control plane: kubectl-sim token create ' + '--print-join-command']:
		`在控制平面创建具有 signing 用途的令牌：${printJoin}`,
	['Compare the token with those on the control plane: kubectl-sim token list. If it is correct, do not ' +
		'join: the server that answered does not know its secret']:
		'与控制平面上的令牌核对：`kubectl-sim token list`。如果令牌无误，不要加入：应答的服务器不持有令牌秘密',
	'Check the ConfigMap on the control plane: kubectl-sim get configmap {configMap} -n kube-system -o yaml':
		'在控制平面检查 ConfigMap：`kubectl-sim get configmap {configMap} -n kube-system -o yaml`',
	'Copy the kubeconfig of cluster-info into the file: kubectl-sim get configmap cluster-info -n kube-public -o yaml':
		'将 cluster-info 中的 kubeconfig 复制到文件：`kubectl-sim get configmap cluster-info -n kube-public -o yaml`',
	'Add --tls-bootstrap-token with a token from the control plane: kubectl-sim token create':
		'用 `--tls-bootstrap-token` 指定控制平面创建的令牌：`kubectl-sim token create`',
	'Stop the node, then run the command again with --force': '停止节点，再加上 `--force` 重新运行',
	'Check the ConfigMap on the control plane: kubectl-sim get configmap cluster-info -n kube-public -o yaml':
		'在控制平面检查 ConfigMap：`kubectl-sim get configmap cluster-info -n kube-public -o yaml`',
	['Join again if an administrator is rotating the CA now; otherwise do not join over this network, ' +
		'because the document changed between two reads']:
		'如果管理员正在轮换 CA，重新加入；否则不要经由此网络加入：内容在两次读取之间发生了变化',
	['Get the hash on the control plane: kubectl-sim token create --print-join-command. If it equals the ' +
		'hash that you used, do not join: the server that answers belongs to a different cluster']:
		`在控制平面重新获取：${printJoin}。如果哈希与你填写的相同，不要加入：应答的是另一个集群`,
	['Do not join over this network until you know which server answers; the token is still valid, ' +
		'because the node did not send its secret']:
		'查明应答方之前，不要经由此网络加入；令牌仍然有效，因为节点没有发送令牌秘密',
	'Join with one of the names in the message above, or issue a certificate for the API server that contains this one':
		'用错误信息中列出的名称加入，或为 API 服务器签发包含此名称的证书',
	'Compare the clocks of this machine and of the control plane with date -u, correct the wrong one, and join again':
		'用 `date -u` 比较本机和控制平面的时钟，校准不准的一方，再重新加入',
	'Allow anonymous requests for cluster-info on the API server, or copy the CA certificate to the node':
		'在 API 服务器上允许匿名读取 cluster-info，或将 CA 证书复制到节点',
	['Check it on the control plane, and create it again if it is missing: kubectl-sim get rolebinding ' +
		'kubeadm:bootstrap-signer-clusterinfo -n kube-public']:
		'在控制平面检查，如果缺少则重新创建：`kubectl-sim get rolebinding kubeadm:bootstrap-signer-clusterinfo -n kube-public`',
	// Join.
	'Correct these problems and join again; the node sent nothing': '解决这些问题后重新加入；节点没有发送任何内容',
	'Run kubelet-sim join --help': '查看用法：`kubelet-sim join --help`',
	['Copy the whole output of this command on the control plane: kubectl-sim token create ' + '--print-join-command']:
		`在控制平面运行此命令，复制全部输出：${printJoin}`,
	'Choose another name: --node-name NAME': '换一个节点名：`--node-name NAME`',
	'See why: kubectl-sim describe csr {name}': '查看原因：`kubectl-sim describe csr {name}`',
	['Approve it: kubectl-sim certificate approve {name}; if it is already approved, check the logs of ' +
		'controller-manager-sim and ca-service']:
		'批准请求：`kubectl-sim certificate approve {name}`。如果已批准，检查 controller-manager-sim 和 ca-service 的日志',
	'Do not use it; find who requested it in the ledger of ca-service':
		'不要使用此证书；在 ca-service 的签发记录中查找请求方',
	['Join the node again:\n    1. On the control plane, create a token: kubectl-sim token create ' +
		'--print-join-command\n    2. On the node, run the command that it prints, with --node-name {node} ' +
		'--root {root}; it replaces the expired certificate\n    3. Check that the node is Ready: ' +
		'kubectl-sim get nodes {name}']:
		`重新加入此节点：\n    1. 在控制平面创建令牌：${printJoin}\n` +
		'    2. 在节点上运行所输出的命令，加上 `--node-name {node} --root {root}`，以替换过期的证书\n' +
		'    3. 确认节点为 Ready：`kubectl-sim get nodes {name}`',
	'Start it again with the same --root; it continues with the files in that directory':
		'用相同的 `--root` 重新启动；节点会继续使用此目录中的文件',
	// Certificates.
	['Send a PEM block of type CERTIFICATE REQUEST (PKCS#10) with an RSA (2048 bits or more), EC (P-256, ' +
		'P-384, P-521) or Ed25519 key']:
		'发送类型为 CERTIFICATE REQUEST（PKCS#10）的 PEM 块。密钥可为 RSA（至少 2048 位）、EC（P-256、P-384、P-521）或 Ed25519',
	'Create the request again with the private key that belongs to it': '用对应的私钥重新创建请求',
	['Use kubernetes.io/kube-apiserver-client, kubernetes.io/kube-apiserver-client-kubelet or ' +
		'kubernetes.io/kubelet-serving']:
		'使用 `kubernetes.io/kube-apiserver-client`、`kubernetes.io/kube-apiserver-client-kubelet` ' +
		'或 `kubernetes.io/kubelet-serving`',
	'Change the subject, names or usages to those that {signer} allows, or use another signer':
		'将主体、名称或用途改为 {signer} 允许的值，或使用另一个签名者',
	'Rotate the cluster CA': '轮换集群 CA',
	'Delete the CertificateSigningRequest and create it again': '删除 CertificateSigningRequest，重新创建',
	'Give a PEM file with a block of type CERTIFICATE': '提供含有 CERTIFICATE 块的 PEM 文件',
	'Give an unencrypted PEM block of type EC PRIVATE KEY, RSA PRIVATE KEY or PRIVATE KEY':
		'提供未加密的 PEM 块，类型为 EC PRIVATE KEY、RSA PRIVATE KEY 或 PRIVATE KEY',
	// API server.
	'Use a new kubeconfig or token; the log of the API server says why it refused this one':
		'使用新的 kubeconfig 或令牌；拒绝的原因见 API 服务器的日志',
	'Retry. If the error persists, start token-store: npm start, or docker compose up -d token-store':
		'重试。如果错误持续出现，启动 token-store：`npm start` 或 `docker compose up -d token-store`',
	'Check your permissions: kubectl-sim auth can-i VERB RESOURCE; a cluster admin can bind a role that allows it':
		'检查自己的权限：`kubectl-sim auth can-i VERB RESOURCE`；集群管理员可绑定允许此操作的角色',
	'Ask a cluster admin to bind a ClusterRole with nonResourceURLs that allows it':
		'由集群管理员绑定含有 nonResourceURLs、允许此操作的 ClusterRole',
	'List the objects: kubectl-sim get {resource}': '列出对象：`kubectl-sim get {resource}`',
	'Check the path and the API group and version': '检查路径、API 组和版本',
	'Choose another name, or update the existing object': '换一个名称，或更新现有的对象',
	'Read the object again, apply the change to that version, and write it': '重新读取对象，在新版本上修改，再写入',
	'Correct these fields': '更正这些字段',
	'Retry, or choose another generateName': '重试，或换一个 generateName',
	'Send the body as JSON with Content-Type: application/json':
		'以 JSON 发送正文，并设置 `Content-Type: application/json`',
	'Correct the patch: {because}': '更正补丁：{because}',
	'Apply with --force-conflicts to take over these fields, or remove them from the manifest':
		'用 `--force-conflicts` 接管这些字段，或从清单中删除这些字段',
	'Correct the request': '更正请求',
	'Use a verb that the resource supports': '使用此资源支持的动词',
	'Send the request with Accept: application/json': '发送请求时使用 `Accept: application/json`',
	'Send the request again': '重新发送请求',
	'Read again without a resource version, or with one that this server returned':
		'不指定资源版本，或用此服务器返回的资源版本，重新读取',
	'List again and watch from the resource version of the list': '重新列出，再从列表的资源版本开始 watch',
	'Delete objects that are not needed: all of them together have reached the limit of {limit} bytes':
		'删除不需要的对象：所有对象合计已达到 {limit} 字节的上限',
	'Make the object smaller: it has {bytes} bytes, and the limit is {limit}':
		'减小对象：当前为 {bytes} 字节，上限为 {limit} 字节',
	'Request it in pages: set limit=500 and send the continue token of each page with the next request':
		'分页读取：设置 `limit=500`，并在下一个请求中带上每页的 continue 令牌',
	'List again from the beginning': '从头重新列出',
	'End some of them, such as kubectl logs --follow, and retry':
		'结束其中一些请求（如 `kubectl logs --follow`），再重试',
	'Check that the kubelet of the Node runs and that its address is right: kubectl-sim describe node NODE':
		'检查该节点的 kubelet 是否在运行、地址是否正确：`kubectl-sim describe node NODE`',
	'Close watches that you do not need, and watch again': '关闭不需要的 watch，再重试',
	'Delete it: kubectl-sim delete {resource} {name}': '删除此对象：`kubectl-sim delete {resource} {name}`',
	'Send a smaller object': '发送较小的对象',
	// Connections.
	'Send a message of the type that proto/kubejoin declares for this method':
		'按 proto/kubejoin 中此方法声明的类型发送消息',
	'Call with the certificate of an allowed service; the server.ts of the called service lists them':
		'用允许调用的服务的证书调用；被调用服务的 server.ts 列出了这些服务',
	'Do not send it a secret. Check that the address is correct and that a CA that you trust issued its certificate':
		'不要向对方发送机密信息。确认地址无误，且证书由受信任的 CA 签发',
	'Compare the clocks of both machines with date -u; if they agree, renew the certificate of the server':
		'用 `date -u` 比较两台机器的时钟；如果一致，更新服务器的证书',
	'Use a valid certificate that the CA of that service issued': '使用由此服务的 CA 签发的有效证书',
	'Check that the service runs and listens on {target}': '确认服务正在运行，并监听 {target}',
	'Check the log of the service on {target}, then retry': '检查 {target} 上服务的日志，再重试',
	'Check whether the service on {target} is paused, overloaded or disconnected; its log may say why':
		'检查 {target} 上的服务是否暂停、过载或断开网络；日志中可能有原因',
	'Retry in a few seconds': '几秒后重试',
	'Search the log of the service for {id}': '在服务的日志中搜索 {id}',
	// attacker-sim.
	['Start a mesh of this project with npm start or docker compose up, and give its API server and its ' +
		'cluster CA; attacker-sim attacks nothing else']:
		'用 `npm start` 或 `docker compose up` 启动 kubejoin，并指定 API 服务器和集群 CA；attacker-sim 只攻击 kubejoin',
	'Give the stolen material with {option}, or choose a mode that needs only the network: attacker-sim listen --help':
		'用 {option} 指定窃取的材料，或选择只需要网络的模式：`attacker-sim listen --help`',
	'Run attacker-sim COMMAND --help': '查看用法：`attacker-sim COMMAND --help`',
	// Stores.
	'Update it, or choose another key': '更新此键，或换一个键',
	'Choose a shorter name without unpaired surrogates': '换一个较短、没有无效字符的名称',
	'Store a smaller value': '存储较小的值',
	'Create it first': '先创建此键',
	'Read it again, apply the change, and write it': '重新读取，修改后再写入',
	'List again and watch from the revision of the list': '重新列出，再从列表的版本开始 watch',
	'Restore the file from a backup, or start with an empty store: mv {path} {damaged}':
		'从备份恢复文件，或使用空的存储：`mv {path} {damaged}`',
	'Free space on the disk of {path}, and let this user read and write the directory':
		'释放 {path} 所在磁盘的空间，并允许当前用户读写此目录',
	['Start Redis, or check the address, user, password file and certificates of the store; npm start -- ' +
		'--store lmdb needs no Redis']:
		'启动 Redis，或检查存储的地址、用户、密码文件和证书；`npm start -- --store lmdb` 不需要 Redis',
	'Add +config|get to the ACL rule of the user in Redis': '在 Redis 中，为此用户的 ACL 规则添加 `+config|get`',
	'Run redis-cli CONFIG SET appendonly yes and redis-cli CONFIG SET appendfsync always, and set both in redis.conf':
		'运行 `redis-cli CONFIG SET appendonly yes` 和 `redis-cli CONFIG SET appendfsync always`，并写入 redis.conf',
	// Settings, files, processes.
	'Correct these settings; nothing was started': '更正这些设置；没有启动任何程序',
	'Check the path {path}: nothing is there': '检查路径 {path}：文件不存在',
	'Let this user read and write {path}: see its owner with ls -l {same}':
		'允许当前用户读写 {path}：用 `ls -l {same}` 查看属主',
	'Check who owns {path}, and whether it is immutable': '检查 {path} 的属主，以及文件是否不可修改',
	'Name a file: {path} is a directory': '指定文件：{path} 是目录',
	'Name a file: kubectl-sim {verb} -f FILE': '指定文件：`kubectl-sim {verb} -f FILE`',
	'Use kubectl with the same kubeconfig: {command}': '使用 kubectl 和相同的 kubeconfig：`{command}`',
	'Download it to standard input: {command}': '下载并传给标准输入：`{command}`',
	'Check the path {path}: a part of it is a file': '检查路径 {path}：其中一部分是文件',
	'Choose another path, or move {path} away': '换一个路径，或移走 {path}',
	'Free space on the disk that holds {path}: see df -h': '释放 {path} 所在磁盘的空间：用 `df -h` 查看',
	'Free space of this user on the disk that holds {path}': '在 {path} 所在磁盘上，释放当前用户的空间',
	'Choose a path on a disk that is writable, not {path}': '换一个可写磁盘上的路径，不要使用 {path}',
	'Raise the limit of open files: ulimit -n 4096': '提高打开文件数的限制：`ulimit -n 4096`',
	'End programs that hold many files open': '结束打开大量文件的程序',
	'Remove the loop of symbolic links at {path}': '消除 {path} 处循环的符号链接',
	'Create the target of this symbolic link, or choose another path': '创建此符号链接的目标，或换一个路径',
	'Choose a shorter path': '换一个较短的路径',
	'End the program that uses {path}, and retry': '结束使用 {path} 的程序，再重试',
	'Check the disk that holds {path}: it reports an error': '检查 {path} 所在的磁盘：磁盘报告错误',
	'Name a regular file: {path} is not one': '指定普通文件：{path} 不是普通文件',
	'Check that {path} is whole: replace it from a copy, or remove it to have it made again':
		'检查 {path} 是否完整：用副本替换，或删除后重新生成',
	'Restore {path} from a backup; without one, delete the cluster and start a new one: {command}':
		'从备份恢复 {path}；没有备份时，删除集群并启动新的集群：`{command}`',
	'Choose another port for the page: npm start -- --page-port PORT':
		'为页面换一个端口：`npm start -- --page-port PORT`',
	['Let the node join again: {command}, then run the cluster for a minute without it: {start}, then start the node: ' +
		'{again}']: '让节点重新加入：`{command}`，然后在没有此节点时运行集群一分钟：`{start}`，再启动此节点：`{again}`',
	'Let the node join again: {command}, then run the cluster for a minute without it: {start}, then start the node':
		'让节点重新加入：`{command}`，然后在没有此节点时运行集群一分钟：`{start}`，再启动此节点',
	'Stop the program that uses it, or choose another port: {command}': '停止占用端口的程序，或换一个端口：`{command}`',
	'Choose an address of this machine, and a port that this user can open: {command}':
		'选择本机的地址，以及此用户有权监听的端口：`{command}`',
	'Stop it, or start this one with its own state and port: npm start -- --state DIR --port PORT':
		'停止此进程，或使用另外的状态目录和端口启动：`npm start -- --state DIR --port PORT`',
	'Name a new or an empty directory: npm start -- --state DIR': '指定新的或空的目录：`npm start -- --state DIR`',
	'Name the state directory of a cluster, by default .kubejoin: npx kubejoin reset --state DIR':
		'指定集群的状态目录（默认为 .kubejoin）：`npx kubejoin reset --state DIR`',
	'Use the kubeconfig of this mesh: export KUBECONFIG={path}': '使用此集群的 kubeconfig：`export KUBECONFIG={path}`',
	'Repeat the command with --yes': '加上 `--yes`，重新运行命令',
	'Correct the problems in the indented lines above, and start again': '解决上面缩进各行中的问题，再重新启动',
	'Read the log lines of the service above this one': '查看上方此服务的日志',
	// Lab and runner.
	'Start Docker, or set its address in DOCKER_HOST; for a mesh without Docker: npm start':
		'启动 Docker，或在 DOCKER_HOST 中设置地址；不使用 Docker：`npm start`',
	'List the containers with docker ps -a, and start missing ones: docker compose up -d':
		'用 `docker ps -a` 列出容器，并启动缺少的容器：`docker compose up -d`',
	'Start one: docker compose up -d': '启动：`docker compose up -d`',
	'Choose a compose project: COMPOSE_PROJECT_NAME=…': '选择一个 Compose 项目：`COMPOSE_PROJECT_NAME=…`',
	'Restart it: toxiproxy-server, or docker compose --profile chaos up -d --force-recreate --no-deps toxiproxy':
		'重新启动：`toxiproxy-server` 或 `docker compose --profile chaos up -d --force-recreate --no-deps toxiproxy`',
	'Start one in another terminal: npm start; or start one with docker compose up and set CHAOS_MESH=compose':
		'在另一个终端中启动：`npm start`；或用 `docker compose up` 启动，并设置 `CHAOS_MESH=compose`',
	'Install it: {command}': '安装：`{command}`',
	'Create it first, or correct the name': '先创建，或更正名称',
	'Choose another name, or reset the lab first: bin/lab reset': '换一个名称，或先重置实验环境：`bin/lab reset`',
	'List the requests and their requesters: kubectl-sim get csr': '列出请求和请求方：`kubectl-sim get csr`',
	['Correct the request. If you did not write it, the lab and the mesh have different versions: npm run ' +
		'build, then restart the mesh']:
		'更正请求。如果请求不是手动编写的，则实验环境与 kubejoin 版本不一致：运行 `npm run build`，再重新启动 kubejoin',
	'Correct all problems above, as docs/chaos.md describes; nothing was run':
		'按 docs/chaos.md 解决以上所有问题；实验没有运行',
	'See the options: npm run chaos -- --help': '查看选项：`npm run chaos -- --help`',
	'List the experiments: npm run chaos -- --list': '列出实验：`npm run chaos -- --list`',
	'Give more of the name': '输入更多字符，使名称唯一',
	// Observer.
	'Follow the message, or run the command in a terminal for more output':
		'按错误信息处理，或在终端中运行命令以查看更多输出',
	'Start the observer with KUBEJOIN_ALLOW_ACTIONS=true if you trust all clients that can reach it; or use kubectl-sim':
		'如果信任所有能访问 observer 的客户端，设置 `KUBEJOIN_ALLOW_ACTIONS=true` 并启动 observer；或使用 kubectl-sim',
	'Wait for it to end, or stop it': '等待此实验结束，或停止此实验',
	['Run the experiment in a terminal: npm run chaos -- NAME; to enable the button, read SECURITY.md, ' +
		'then run docker compose --profile experiments up -d']:
		'在终端中运行实验：`npm run chaos -- NAME`。要启用按钮，先阅读 SECURITY.md，' +
		'再运行 `docker compose --profile experiments up -d`',
	'Reload the page; if it is served under another host name, add that name to KUBEJOIN_PAGE_HOSTS':
		'重新加载页面；如果页面使用其他主机名，将主机名加入 KUBEJOIN_PAGE_HOSTS',
	'Start at /; services/observer/api.ts describes the API': '从 `/` 开始；API 见 services/observer/api.ts',
	'Send JSON as services/observer/api.ts describes it; send traces as OTLP over HTTP in JSON':
		'按 services/observer/api.ts 发送 JSON；追踪使用 OTLP/HTTP，格式为 JSON',
	'Send less in one request': '减少每个请求的内容',
	'Retry in {seconds} s': '{seconds} 秒后重试',
	'Set the key of the program: export KUBEJOIN_TRACES_KEY_FILE=.kubejoin/pki/kubelet-sim/traces-key':
		'设置程序的密钥：`export KUBEJOIN_TRACES_KEY_FILE=.kubejoin/pki/kubelet-sim/traces-key`',
	'Send traces from a program, to a host name of this observer; add another name to KUBEJOIN_OTLP_HOSTS':
		'由程序向 observer 的主机名发送追踪；其他主机名须加入 KUBEJOIN_OTLP_HOSTS',
	['Start a mesh with npm start or docker compose up; if its page has another port: npx kubejoin watch ' +
		'--url http://127.0.0.1:PORT']:
		'用 `npm start` 或 `docker compose up` 启动 kubejoin；如果页面使用其他端口：`npx kubejoin watch --url http://127.0.0.1:PORT`',
};

const errorMessages: Readonly<Record<string, string>> = {
	// Tokens.
	'no bootstrap token has the ID "{id}": it was never created, was deleted, or was cleaned up after it expired':
		'没有 ID 为 {id} 的启动引导令牌：从未创建、已删除，或过期后已清理',
	'the bootstrap token "{id}" is being deleted': '启动引导令牌 {id} 正在删除',
	'the record of the bootstrap token "{id}" is invalid: {problem}': '启动引导令牌 {id} 的记录无效：{problem}',
	'the secret does not match that of the bootstrap token "{id}"': '令牌秘密与启动引导令牌 {id} 的不一致',
	'the bootstrap token "{id}" expired at {expiration}; the time is {now}':
		'启动引导令牌 {id} 已于 {expiration} 过期；当前时间为 {now}',
	'the bootstrap token "{id}" does not have the usage "{usage}"': '启动引导令牌 {id} 没有 {usage} 用途',
	'the bootstrap token "{id}" has the group "{group}", which is not of the form system:bootstrappers:…':
		'启动引导令牌 {id} 的组 {group} 不符合 system:bootstrappers:… 的格式',
	// Join.
	'the certificate signing request "{name}" was neither signed nor denied within {seconds} s':
		'证书签名请求 {name} 在 {seconds} 秒内既未签发，也未被拒绝',
	"the issued certificate cannot be this node's identity: {problem}": '签发的证书不能用作此节点的身份：{problem}',
	'the node was stopped during the join': '节点在加入过程中停止',
	// Certificates.
	'the certificate request cannot be parsed: {problem}': '无法解析证书签名请求：{problem}',
	'the signature of the certificate request does not verify with its own public key':
		'证书签名请求的签名与请求中的公钥不匹配',
	'there is no signer "{signer}"': '没有名为 {signer} 的签名者',
	'the signer has expired: its certificate was valid until {notAfter}': '签名者已过期：证书有效期至 {notAfter}',
	'the request "{id}" was already signed with different contents': '请求 {id} 已签发过，但内容不同',
	'the certificate cannot be parsed: {problem}': '无法解析证书：{problem}',
	'the private key cannot be parsed: {problem}': '无法解析私钥：{problem}',
	// API server.
	'the list is larger than {limit} bytes': '列表超过 {limit} 字节',
	'too many requests: this user has {limit} open watches, which is the limit':
		'请求过多：此用户已打开 {limit} 个 watch，达到上限',
	// Connections.
	'the request message cannot be decoded: {problem}': '无法解码请求消息：{problem}',
	'the request message has too many fields: limit is {limit}': '请求消息的字段过多：上限为 {limit}',
	'{caller} may not call {method}; allowed: {allowed}': '不允许 {caller} 调用 {method}；允许：{allowed}',
	'{target} refused the client certificate: {problem}': '{target} 拒绝了客户端证书：{problem}',
	'cannot connect to {target}: {problem}': '无法连接 {target}：{problem}',
	'{target} did not complete {method}: {status}': '{target} 没有完成 {method}：{status}',
	'{target} did not answer {method} within {deadline} ms': '{target} 在 {deadline} ms 内没有应答 {method}',
	'{service} is shutting down': '{service} 正在关闭',
	// attacker-sim.
	'attacker-sim refuses to do this: {problem}': 'attacker-sim 拒绝执行：{problem}',
	'the mode "{mode}" needs {power}, which was not given': '模式 {mode} 需要 {power}，但没有指定',
	// Stores.
	'the key {key} already exists': '键 {key} 已存在',
	'the key "{key}" cannot be stored: {problem}': '无法存储键 {key}：{problem}',
	'the value of the key {key} has {bytes} bytes; the limit is {limit}':
		'键 {key} 的值为 {bytes} 字节，上限为 {limit} 字节',
	'there is no key {key}': '没有键 {key}',
	'the key {key} is at revision {found}; revision {expected} was expected':
		'键 {key} 的版本为 {found}，预期为 {expected}',
	'revision {requested} was compacted; the oldest revision to watch from is {oldest}':
		'版本 {requested} 已压缩；可从版本 {oldest} 开始 watch',
	'the store {path} is damaged: {problem}': '存储 {path} 已损坏：{problem}',
	'the store {store} is unavailable: {problem}': '存储 {store} 不可用：{problem}',
	'the store {store} can lose writes that it acknowledged: {problem}': '存储 {store} 可能丢失已确认的写入：{problem}',
	// Settings and processes.
	'{service} cannot listen on {address}: the port is in use': '{service} 无法监听 {address}：端口已被占用',
	'another kubejoin (process {pid}) uses the state in {directory}':
		'另一个 kubejoin（进程 {pid}）正在使用 {directory} 中的状态',
	'{directory} has other files and no cluster: {names}': '{directory} 中有其他文件，但没有集群：{names}',
	'{directory} is not deleted: {problem}': '没有删除 {directory}：{problem}',
	'the cluster in {directory} is not deleted: there is no terminal for the question':
		'没有删除 {directory} 中的集群：没有终端可供确认',
	// Lab and runner.
	'cannot connect to a Docker engine: {problem}': '无法连接 Docker 引擎：{problem}',
	'Docker did not {action}: {problem}': 'Docker 没有完成操作（{action}）：{problem}',
	'no containers of a mesh were found': '没有找到 kubejoin 的容器',
	'no containers of a mesh were found in the compose project "{project}" (COMPOSE_PROJECT_NAME)':
		'在 Compose 项目 {project}（COMPOSE_PROJECT_NAME）中没有找到 kubejoin 的容器',
	'containers of more than one mesh were found: {projects}': '找到多个 kubejoin 的容器：{projects}',
	'Toxiproxy refused {request}: {problem}': 'Toxiproxy 拒绝了 {request}：{problem}',
	'there is no mesh for the experiments: {problem}': '没有可供实验的 kubejoin：{problem}',
	'cannot inject {fault}: {program} is not installed on this machine':
		'无法注入故障（{fault}）：本机没有安装 {program}',
	'there is no {kind} "{name}"; known: {known}': '没有名为 {name} 的 {kind}；已有：{known}',
	'there is already a node or an attacker with the name "{name}"': '已有名为 {name} 的节点或攻击者',
	'no certificate request of "{requester}" was pending within {seconds} s':
		'{seconds} 秒内没有 {requester} 的待处理证书签名请求',
	'the lab cannot handle this request: {problem}': '实验环境无法处理此请求：{problem}',
	'"{name}" matches more than one experiment: {names}': '{name} 匹配多个实验：{names}',
	// Observer.
	'this page is read-only': '此页面为只读模式',
	'the experiment {name} is already running, and only one can run at a time':
		'实验 {name} 正在运行，同一时间只能运行一个',
	'the experiment runner is not available: {problem}': '实验执行服务不可用：{problem}',
	"the request did not come from this observer's own page: {problem}": '请求不是来自此 observer 的页面：{problem}',
	'the body of the request is longer than {limit} bytes': '请求正文超过 {limit} 字节',
	'the observer cannot accept the request now: {limit}': 'observer 暂时不能接受请求：{limit}',
	'the observer cannot authenticate the sender of these traces: {problem}': 'observer 无法认证追踪的发送方：{problem}',
	'the request does not come from a trace exporter: {problem}': '请求不是来自追踪导出程序：{problem}',
	'cannot connect to an observer at {url}: {problem}': '无法连接 {url} 上的 observer：{problem}',
};

/** Texts of the observer, which are values of its messages or are shown by themselves. */
const observerProblems: Readonly<Record<string, string>> = {
	'it did not answer within {seconds} s': '在 {seconds} 秒内没有应答',
	'the observer has no kubeconfig (KUBEJOIN_KUBECONFIG_FILE)': 'observer 没有 kubeconfig（KUBEJOIN_KUBECONFIG_FILE）',
	'{count} bytes: {hex}': '{count} 字节：{hex}',
	'its host name does not belong to this observer': '主机名不属于此 observer',
	'it comes from another origin': '请求来自其他站点',
	'it does not have the key of this session': '请求没有此会话的密钥',
};

/** Problems of a run, as the experiment runner reports them. */
const runnerProblems: Readonly<Record<string, string>> = {
	'the experiment was interrupted': '实验已中止',
	'a rollback failed, so the mesh may not be restored: {problem}': '回滚失败，环境可能没有恢复：{problem}',
	'these programs are not installed on this machine: {programs}': '本机没有安装这些程序：{programs}',
	'the runner {how} and sent no result': '实验执行服务没有返回结果（{how}）',
	'expected exit code {expected}, got {found}': '预期退出码为 {expected}，实际为 {found}',
	'expected {target} to match {pattern}, got {found}': '预期 {target} 匹配 {pattern}，实际为 {found}',
	'it ended with exit code {code} and has no tolerance': '以退出码 {code} 结束，没有设置容许值',
};

const verdicts = { held: '保持', violated: '被破坏', unknown: '未知' };

/** `security is violated, expected held` */
const unexpectedVerdicts: Readonly<Record<string, string>> = Object.fromEntries(
	Object.entries({ security: '安全性', availability: '可用性' }).flatMap(([kind, name]) =>
		Object.entries(verdicts).flatMap(([found, is]) =>
			Object.entries(verdicts).map(([expected, wanted]) => [
				`${kind} is ${found}, expected ${expected}`,
				`${name}：${is}，预期：${wanted}`,
			]),
		),
	),
);

/** Sentences that the code composes of parts, so that no literal has them. */
export const composedSentences: Readonly<Record<string, string>> = {
	'the address of the API server: {finding}': 'API 服务器的地址：{finding}',
	'the token: {finding}': '令牌：{finding}',
	'the token for the certificate request: {finding}': '申请证书的令牌：{finding}',
	'the hash: {finding}': '公钥哈希：{finding}',
	'it ends with a comma': '以逗号结尾',
	'it ends with a semicolon': '以分号结尾',
	'its ID has {count} characters, and six are needed': '令牌 ID 有 {count} 个字符，应为 6 个',
	'its ID has 1 character, and six are needed': '令牌 ID 有 1 个字符，应为 6 个',
	'its secret has {count} characters, and sixteen are needed': '令牌秘密有 {count} 个字符，应为 16 个',
	'its secret has 1 character, and sixteen are needed': '令牌秘密有 1 个字符，应为 16 个',
	['Choose an address of this machine, and a port that this user can open: npm start -- --page-port PORT ' +
		'for the page, --port PORT for the other listeners']:
		'选择本机的地址，以及此用户有权监听的端口：页面用 `npm start -- --page-port PORT`，其余用 `npm start -- --port PORT`',
	['Stop the program that uses it, or choose another port: npm start -- --page-port PORT for the page, ' +
		'--port PORT for the other listeners']:
		'停止占用端口的程序，或换一个端口：页面用 `npm start -- --page-port PORT`，其余用 `npm start -- --port PORT`',
	'the client certificate of node "{node}" expired at {notAfter}, and the node has no other credential: {because}':
		'节点 {node} 的客户端证书已于 {notAfter} 过期，节点没有其他凭据：{because}',
	'there is no experiment "{name}"': '没有名为 {name} 的实验',
	'there is no experiment "{name}"; did you mean {near}?': '没有名为 {name} 的实验；是否要找 {near}？',
	'at most {count} open event streams of the page and of kubejoin watch':
		'页面和 kubejoin watch 最多打开 {count} 个事件流',
	'at most {count} open event streams of one address': '每个地址最多打开 {count} 个事件流',
	'at most {count} actions of the page at the same time': '页面最多同时执行 {count} 个操作',
	'at most {count} actions of the page': '页面每秒最多执行 {count} 个操作',
	'the method ended there: {count} more steps did not run': '实验步骤到此结束：其余 {count} 个步骤没有运行',
	'the method ended there: 1 more step did not run': '实验步骤到此结束：其余 1 个步骤没有运行',
	'the mesh is not in its steady state before the method, so the method did not run: {problem}':
		'实验前不处于稳态，因此没有运行实验步骤：{problem}',
	'the mesh is not in its steady state after the method: {problem}': '实验后不处于稳态：{problem}',
	'The verdicts are as predicted but do not count, because one check failed.':
		'结论符合预期，但不计入结果：一项检查未通过。',
	'The verdicts are as predicted but do not count, because {count} checks failed.':
		'结论符合预期，但不计入结果：{count} 项检查未通过。',
	'The verdicts do not count, because the experiment was interrupted.': '结论不计入结果：实验已中止。',
	'probe {name}: {problem}': '探针 `{name}`：{problem}',
	'action {name}: {problem}': '操作 `{name}`：{problem}',
	...unexpectedVerdicts,
	...composedRemedies,
};

export const sentences: Readonly<Record<string, string>> = {
	...causes,
	...findings,
	...remedies,
	...commandRemedies,
	...errorMessages,
	...observerProblems,
	...runnerProblems,
	...composedSentences,
};

/**
 * Titles, descriptions and lessons of the experiments in Chinese, for the page and the terminal. Their names are
 * identifiers and stay.
 */

export interface ChineseExperiment {
	readonly title: string;
	readonly description: string;
	readonly lesson: string;
}

export const experimentTexts: Readonly<Record<string, ChineseExperiment>> = {
	'a-year-in-a-minute': {
		title: '100 个节点在不同时间轮换证书',
		description: '证书有效期为 45 秒。100 个节点加入集群，并多次更新证书。一个节点被挂起，直到证书过期。',
		lesson: '每个节点在有效期过去 70%～90% 时更新证书，时间随机。因此 1000 个节点不会在同一秒更新。',
	},
	'asleep-past-expiry': {
		title: '证书过期后，节点需要新的令牌',
		description:
			'证书有效期为 30 秒。两个节点被挂起，直到证书过期，如同笔记本电脑合上盖子。只有一个节点的令牌仍有效。' +
			'攻击者在过期前用窃取的证书打开连接，过期后连接被拒绝。',
		lesson: '过期的证书不能用来更新证书。令牌仍有效的节点可自行恢复，其余节点要等待管理员创建令牌。',
	},
	'auto-approval-removed': {
		title: '没有自动批准时，节点等待管理员',
		description: '删除 ClusterRoleBinding，启动引导令牌的请求不再自动批准。管理员手动批准请求。',
		lesson: '令牌允许节点申请证书，是否批准由 SubjectAccessReview 决定。改为手动批准的正式做法，就是删除一个绑定。',
	},
	'ca-service-down': {
		title: '签名者不可用时，请求已批准，但没有证书',
		description:
			'终止 ca-service，再在没有密钥的情况下启动。请求一直等待，恢复后各签发一次。' +
			'终止前已签发的请求再次得到同一张证书。已加入的节点不受影响。',
		lesson: 'Approved 表示决定，Issued 表示证书。作出决定的组件没有密钥，持有密钥的组件不作决定。',
	},
	'certificate-lacks-address': {
		title: '服务证书不含所连接的地址时，连接被拒绝',
		description: '节点用服务证书不包含的地址连接 API 服务器，例如新负载均衡器的地址。负载均衡器原样转发流量。',
		lesson: '公钥哈希标识 CA，名称标识服务器。把地址加入证书（certSANs），或改用证书包含的地址。错误信息列出这些地址。',
	},
	'clock-skew': {
		title: '时钟偏移 5 分钟以内无害，更大则有害',
		description: 'libfaketime 每次偏移一个进程的时钟，然后一个节点加入集群。实验环境读取进程报告的时间并核对。',
		lesson:
			'证书的生效时间提前 5 分钟，以允许时钟偏移。偏移更大时，错误信息列出两个时间，任一时钟都可能不准。' +
			'令牌过早过期，也说明时钟不准。',
	},
	'dead-node': {
		title: '停止的节点变为 NotReady，恢复后身份不变',
		description:
			'终止一个节点。在 node-lifecycle 的宽限期限（此处为 20 秒）内，节点仍为 Ready，之后变为 NotReady。' +
			'重新启动后，节点使用原来的证书，恢复为 Ready。',
		lesson: 'Ready 只反映上一次心跳，不证明节点仍在运行。晚于查询时间的心跳才能证明节点正在运行。',
	},
	'duplicate-node-name': {
		title: '第二个节点不能使用 Ready 节点的名称',
		description: '两台机器用同一名称加入集群。第二台得不到证书，第一台的证书不变。',
		lesson:
			'此检查由节点自行执行，不能防御攻击：持有令牌的客户端可跳过检查，申请任意名称。参见实验 stolen-token-other-node。',
	},
	'expired-token': {
		title: '过期的令牌不能用于加入集群',
		description:
			'一个节点用令牌完成发现，随后令牌过期。过期的令牌仍在存储中时，节点只收到 401。' +
			'令牌删除后，下一个节点找不到签名。此前加入的节点继续运行。',
		lesson:
			'过期的令牌与不存在的令牌没有区别：签名已从 cluster-info 中移除，kubeadm 重试 5 分钟后才报错。' +
			'服务端日志比节点的错误信息更详细。',
	},
	'forged-cluster-info': {
		title: '不持有令牌秘密的攻击者不能签署 cluster-info',
		description: '攻击者不持有机密信息，提供的 cluster-info 指向攻击者的 CA：第一次没有签名，第二次使用编造的签名。',
		lesson: '签名是 HMAC：只有持有令牌秘密的一方能生成和验证。',
	},
	'kill-each-service': {
		title: '停止任一服务，都不会留下只加入一半的节点',
		description: '7 个节点处于加入的 7 个不同步骤。此时终止一个服务，持续 4 秒；对每个服务重复一次。',
		lesson: '每个步骤或者完成，或者没有任何影响。等待中的步骤在停机结束后继续，失败的步骤报告错误，可以重做。',
	},
	'kubeconfig-gone': {
		title: '没有 kubeconfig 时，kubectl 访问 localhost:8080',
		description: '移走用户的 kubeconfig，再放回原处。此实验不涉及任何身份。',
		lesson:
			'集群没有问题：kubectl 找不到 kubeconfig，改用 localhost:8080，而此地址没有服务器监听。' +
			'先检查 `KUBECONFIG` 和 `~/.kube/config`。',
	},
	'malformed-input': {
		title: '格式错误的输入在建立连接之前被拒绝',
		description:
			'公钥哈希的错误：前面有空格，占位符未替换，只有 63 位，含有非十六进制字母，使用其他哈希函数。' +
			'令牌的错误：大写字母，缺少点号。',
		lesson: '不需要网络就能发现的错误最先报告，一次全部列出，退出码为 3。',
	},
	'no-pin-stolen-token': {
		title: '不锁定 CA，持有令牌就能冒充集群',
		description:
			'节点跳过对 CA 的检查。攻击者持有同一令牌，伪造指向自己 CA 的 cluster-info，并用令牌秘密签名。' +
			'指定公钥哈希后，同样的攻击失败。',
		lesson:
			'使用 `--discovery-token-unsafe-skip-ca-verification` 后，令牌是唯一的信任根。' +
			'集群的每个节点都出示过令牌，任何一个都可能是攻击者。',
	},
	'node-escapes-its-lane': {
		title: '节点只能读写自己的对象',
		description: '节点尝试读取 Secret，写入另一个节点的 Node 对象，并为自己设置影响调度的标签。',
		lesson: '两项检查限制节点：Node 鉴权组件限制读取，NodeRestriction 限制写入。',
	},
	nothing: {
		title: '没有故障的加入',
		description: '不注入故障。攻击者转发加密连接，节点经由攻击者加入集群，状态变为 Ready。',
		lesson: '此实验是其他实验的基准，展示成功加入时每个步骤之后的信任关系。由于使用 TLS，攻击者看不到令牌。',
	},
	'pin-of-nothing': {
		title: '空内容的哈希不能用作公钥哈希',
		description:
			'CA 使用 EC 密钥，而计算哈希的命令只适用于 RSA：`openssl rsa` 没有输出，`openssl dgst` 对空内容计算哈希。',
		lesson: '对 EC 密钥，常见的 `openssl rsa` 命令不报错，也不输出。改用 `openssl pkey`，支持所有类型的密钥。',
	},
	'replayed-cluster-info': {
		title: '真实的 cluster-info 不能证明应答方的身份',
		description: '攻击者不持有机密信息，获取公开的 cluster-info，再用自己的 TLS 服务器重放。',
		lesson: 'cluster-info 是公开的。因此节点先用已锁定的 CA 验证服务器，再读取一次，然后才发送令牌。',
	},
	'request-for-system-masters': {
		title: '申请 system:masters 身份的证书签名请求被拒绝',
		description:
			'持有启动引导令牌的客户端申请 system:masters 身份、多余的名称和其他用途。管理员未经审查，批准了所有已存储的请求。',
		lesson: '准入控制在存储之前拒绝申请 system:masters 的请求。其余请求虽已批准，签名者仍然拒绝签发，状况为 Failed。',
	},
	'rotation-denied': {
		title: '更新请求被拒绝的节点，在证书过期时报告原因',
		description:
			'证书有效期为 24 秒。取消更新请求的自动批准，管理员拒绝每个请求。' +
			'节点继续运行，用新密钥再次申请，直到证书过期，失去访问权限。',
		lesson:
			'kubelet 在有效期过去 70%～90% 时更新证书。余下的 10%～30% 供管理员发现请求被拒绝。' +
			'请求被拒绝后，kubelet 不再用同一密钥申请。',
	},
	'secret-leak-scan': {
		title: '日志、追踪、实验日志和命令行中没有机密信息',
		description:
			'一些节点成功加入，另一些因公钥哈希不匹配或 token-store 拒绝而未能加入。' +
			'然后在日志、追踪、实验日志、命令行和节点文件中搜索令牌和私钥。搜索必须找到植入的机密信息。',
		lesson: '搜索能找到植入的机密信息，“没有发现泄露”的结果才有意义。',
	},
	'stolen-token-other-node': {
		title: '启动引导令牌可以申请任意节点的身份',
		description: '攻击者用窃取的令牌申请现有节点的证书，按上游的规则可以获得。与节点名绑定的令牌不允许此请求。',
		lesson:
			'自动批准只检查请求方，不检查所申请的名称：上游的令牌不与节点名绑定。`kubectl-sim token create --node-name` 可以绑定。',
	},
	'token-reuse': {
		title: '令牌在过期或删除之前，可供任意数量的节点使用',
		description:
			'两个节点用同一令牌加入，上游允许这样使用。第三个节点完成发现、尚未申请证书时，删除令牌。' +
			'最后，第二个节点尝试使用单节点令牌。',
		lesson:
			'启动引导令牌相当于有期限的共享密码。删除令牌可阻止只完成发现的节点，但不吊销任何证书。' +
			'API 服务器将成功的令牌校验结果缓存 10 秒。',
	},
	'token-store-outage': {
		title: 'token-store 不可用时，新节点不能加入',
		description: '先终止 token-store，再断开 token-store 的网络，最后删除所有令牌。已加入的节点继续运行。',
		lesson:
			'无法校验的令牌不会被接受，也不会被报告为无效：正在加入的节点重试。已加入的节点用证书进行身份认证，不受影响。',
	},
	'wrong-edge': {
		title: '有效的证书在未获授权的连接上被拒绝',
		description: '服务和节点用自己的有效证书连接 ca-service 和 API 服务器，而这些服务不接受此类客户端。',
		lesson: '两个 CA 将节点隔离在内部连接之外，每个方法都列出允许调用的服务。服务之间没有默认的访问权限。',
	},
	'wrong-pin': {
		title: '公钥哈希不匹配时，节点不出示令牌',
		description:
			'先改动 `--discovery-token-ca-cert-hash` 的一位十六进制数字，再换成另一个集群的哈希。' +
			'中间人统计节点所发送令牌的字节数。',
		lesson: '公钥哈希是节点在建立连接之前唯一已知的集群信息。哈希不匹配，节点就不发送令牌。',
	},
};

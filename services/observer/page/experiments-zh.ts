/**
 * Titles and lessons of the experiments in Chinese. The names of experiments and of their steps are identifiers and
 * stay.
 */

export interface ChineseExperiment {
	readonly title: string;
	/** Absent: the English lesson is shown. */
	readonly lesson?: string;
}

export const experimentsInChinese: Readonly<Record<string, ChineseExperiment>> = {
	'a-year-in-a-minute': { title: '100 个节点在不同时间轮换证书' },
	'asleep-past-expiry': {
		title: '证书过期后，节点需要新的令牌',
		lesson: '过期的证书不能用来更新证书。令牌仍有效的节点可自行恢复，其余节点要等待管理员创建令牌。',
	},
	'auto-approval-removed': { title: '没有自动批准时，节点等待管理员' },
	'ca-service-down': {
		title: '签名者不可用时，请求已批准，但没有证书',
		lesson: 'Approved 表示决定，Issued 表示证书。作出决定的组件没有密钥，持有密钥的组件不作决定。',
	},
	'certificate-lacks-address': { title: '服务证书不含所连接的地址时，连接被拒绝' },
	'clock-skew': { title: '时钟偏移 5 分钟以内无害，更大则有害' },
	'dead-node': { title: '停止的节点变为 NotReady，恢复后身份不变' },
	'duplicate-node-name': { title: '第二个节点不能使用 Ready 节点的名称' },
	'expired-token': {
		title: '令牌过期后，任何节点都不能用它加入',
		lesson:
			'对节点来说，过期的令牌与不存在的令牌没有区别：签名已从 cluster-info 中移除，kubeadm 重试 5 分钟后才报错。真实原因在集群一侧。',
	},
	'forged-cluster-info': { title: '不持有令牌秘密的攻击者不能签署 cluster-info' },
	'kill-each-service': { title: '停止任一服务，都不会留下只加入一半的节点' },
	'kubeconfig-gone': {
		title: '没有 kubeconfig 时，kubectl 访问 localhost:8080',
		lesson:
			'集群没有问题。kubectl 找不到配置文件，改用一个无人监听的默认地址。先检查 `KUBECONFIG` 和 `~/.kube/config`。',
	},
	'malformed-input': { title: '格式错误的输入在建立连接之前被拒绝' },
	'no-pin-stolen-token': {
		title: '不锁定 CA，持有令牌就能冒充集群',
		lesson:
			'使用 `--discovery-token-unsafe-skip-ca-verification` 后，令牌是唯一的信任根。出示过此令牌的节点都持有它，任何一个被攻陷，都能冒充集群应答。',
	},
	'node-escapes-its-lane': { title: '节点只能读写自己的对象' },
	nothing: { title: '没有故障的加入' },
	'pin-of-nothing': {
		title: '空内容的哈希不能用作公钥哈希',
		lesson: '对 EC 密钥，常见的 `openssl rsa` 命令不报错，也不输出。改用 `openssl pkey`，它支持所有类型的密钥。',
	},
	'replayed-cluster-info': {
		title: '真实的 cluster-info 不能证明应答方的身份',
		lesson: 'cluster-info 是公开的。因此节点先用已锁定的 CA 验证服务器，再读取一次，然后才发送令牌。',
	},
	'request-for-system-masters': { title: '申请 system:masters 身份的证书签名请求被拒绝' },
	'rotation-denied': { title: '更新请求被拒绝的节点，在证书过期时报告原因' },
	'secret-leak-scan': { title: '日志、追踪、实验日志和命令行中没有机密信息' },
	'stolen-token-other-node': {
		title: '启动引导令牌可以申请任意节点的身份',
		lesson:
			'自动批准只检查谁在申请，不检查申请谁的身份：上游的令牌不与节点名绑定。`kubectl-sim token create --node-name` 可以绑定。',
	},
	'token-reuse': { title: '令牌在过期或删除之前，可供任意数量的节点使用' },
	'token-store-outage': { title: 'token-store 不可用时，新节点不能加入' },
	'wrong-edge': { title: '有效的证书在未获授权的连接上被拒绝' },
	'wrong-pin': {
		title: '公钥哈希不匹配时，节点不出示令牌',
		lesson: '公钥哈希是节点在联系集群之前唯一已知的事实。哈希不匹配，令牌就不会离开节点。',
	},
};

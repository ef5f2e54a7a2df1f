/**
 * Errors of a join in Chinese, by their code. The message of an error is upstream's own text, or has values in it:
 * it is shown in English, unchanged, with its meaning below it. An error that is not here is shown in English.
 */
export interface ChineseError {
	readonly meaning: string;
	/** Absent where the cause depends on facts that the page does not have: the English text is shown. */
	readonly mostLikely?: string;
	readonly alsoPossible?: readonly string[];
	readonly remedy?: string;
}

const printJoinCommand = '`kubectl-sim token create --print-join-command`';

export const errorsInChinese: Readonly<Record<string, ChineseError>> = {
	CA_HASH_MISMATCH: {
		meaning: 'cluster-info 中 CA 的公钥哈希，与指定的都不相同。令牌未发送。',
		mostLikely: '指定的哈希属于另一个集群，或属于本集群更换前的 CA',
		alsoPossible: ['持有此令牌的攻击者用自己的 CA 应答', '填写的是整个证书的哈希，而不是公钥的哈希'],
		remedy: `在控制平面重新获取：${printJoinCommand}。如果哈希与你填写的相同，不要加入：应答的是另一个集群`,
	},
	CLUSTER_INFO_UNSIGNED: {
		meaning: 'cluster-info 中没有用此令牌生成的签名。',
		mostLikely: '令牌已过期或已删除',
		alsoPossible: ['令牌 ID 有误，或属于另一个集群', '令牌没有 signing 用途', '负责签名的控制器未运行'],
		remedy: `在控制平面创建新令牌：${printJoinCommand}`,
	},
	CLUSTER_INFO_SIGNATURE_INVALID: {
		meaning: '用令牌秘密验证签名失败，不能信任此 API 服务器。',
		mostLikely: '令牌秘密（点号后的 16 个字符）有误；令牌 ID 存在',
		alsoPossible: ['应答方不持有令牌秘密，不是你的集群', '令牌已删除，又以同一 ID 重新创建'],
		remedy: '与控制平面上的令牌核对：`kubectl-sim token list`',
	},
	CLUSTER_INFO_UNREACHABLE: { meaning: '无法读取 cluster-info。' },
	CLUSTER_INFO_INVALID: { meaning: 'cluster-info 的内容无效。' },
	CLUSTER_INFO_CHANGED: {
		meaning: '两次读取的 cluster-info 不一致。',
		mostLikely: '其中一次应答来自中间人',
		alsoPossible: ['集群的地址或 CA 恰好在两次读取之间变更'],
		remedy: '确认管理员是否正在轮换 CA；如果没有，不要经由此网络加入',
	},
	API_UNAUTHORIZED: { meaning: 'API 服务器不接受此凭据。真实原因只写入 API 服务器的日志。' },
	API_FORBIDDEN: { meaning: '没有规则允许此请求。' },
	NODE_NAME_TAKEN: {
		meaning: '集群中已有同名且状态为 Ready 的节点。',
		mostLikely: '另一台运行中的机器使用此节点名',
		alsoPossible: ['本机就是此节点，停止不到 1 分钟，Node 仍为 Ready'],
		remedy: '换一个节点名：`--node-name NAME`',
	},
	CSR_TIMEOUT: {
		meaning: '证书签名请求在规定时间内既未签发，也未被拒绝。',
		mostLikely: '未启用自动批准：缺少绑定 `kubeadm:node-autoapprove-bootstrap`，或不适用于此令牌',
		alsoPossible: ['控制器未运行，或无法访问 API 服务器', '请求已批准，但 CA 暂时无法签发'],
		remedy: '批准请求：`kubectl-sim certificate approve NAME`。如果已批准，检查 controller-manager-sim 和 ca-service',
	},
	CSR_DENIED: {
		meaning: '证书签名请求被拒绝。',
		mostLikely: '管理员审查后拒绝了此节点',
		alsoPossible: ['节点名与令牌绑定的名称不一致'],
		remedy: '查看原因：`kubectl-sim describe csr NAME`',
	},
	PIN_INVALID: { meaning: '指定的公钥哈希无效。' },
	EXPERIMENT_ALREADY_RUNNING: { meaning: '已有实验正在运行。' },
	EXPERIMENT_RUNNER_UNAVAILABLE: { meaning: '实验执行服务不可用。' },
	OBSERVER_BUSY: { meaning: 'observer 正忙，稍后重试。' },
};

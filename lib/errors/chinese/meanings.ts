/**
 * The meaning of errors in Chinese, by their code, where the message stays English: it is upstream's text, or nothing
 * but values. The other messages, and all causes and remedies, are in sentences.ts.
 */
export const meanings: Readonly<Record<string, string>> = {
	TOKEN_REJECTED: '集群不接受此令牌。真实原因只写入 token-store 的日志。',
	TOKEN_MALFORMED: '启动引导令牌的格式不正确。',
	TOKEN_INVALID: '令牌的字段无效。',
	TOKEN_EXISTS: '已有相同 ID 的令牌。',
	TOKEN_NOT_FOUND: '没有此 ID 的令牌。',

	PIN_INVALID: '公钥哈希的格式不正确。',
	CLUSTER_INFO_UNREACHABLE: '无法读取 cluster-info。',
	CLUSTER_INFO_UNSIGNED: 'cluster-info 中没有用此令牌生成的签名。',
	CLUSTER_INFO_SIGNATURE_INVALID: '用令牌秘密验证签名失败，不能信任此 API 服务器。',
	CLUSTER_INFO_INVALID: 'cluster-info 的内容无效。',
	CLUSTER_INFO_CHANGED: '两次读取的 cluster-info 不一致。',
	CA_HASH_MISMATCH: 'cluster-info 中 CA 的公钥哈希，与指定的都不相同。令牌未发送。',

	DISCOVERY_FILE_INVALID: '发现文件（discovery file）无效，或无法获取。',
	DISCOVERY_CREDENTIAL_MISSING: '没有用于 TLS 启动引导的凭据。',
	CLUSTER_CONFIGURATION_INVALID: '集群的配置无法使用。',

	RESET_NOT_CONFIRMED: '没有得到确认，未删除任何文件。',
	PREFLIGHT_FAILED: '本机未通过预检。节点没有发送任何内容。',
	JOIN_ARGUMENTS_INVALID: '加入命令的参数无效。节点没有发送任何内容。',
	NODE_NAME_TAKEN: '集群中已有同名且状态为 Ready 的节点。',
	CSR_DENIED: '证书签名请求被拒绝。',
	CSR_FAILED: '证书签名请求失败，没有签发证书。',

	SIGNER_VALIDATION_FAILURE: '请求不符合签名者的规则。',

	API_UNAUTHORIZED: 'API 服务器不接受此凭据。真实原因只写入 API 服务器的日志。',
	AUTHENTICATOR_UNAVAILABLE: 'token-store 不可用，API 服务器暂时无法校验令牌。',
	API_FORBIDDEN: '没有规则允许此请求。',
	API_PATH_FORBIDDEN: '没有规则允许访问此路径。',
	API_NOT_FOUND: '此对象不存在。',
	API_PATH_NOT_FOUND: 'API 服务器没有此路径。',
	API_ALREADY_EXISTS: '已有同名的对象。',
	API_NAME_NOT_GENERATED: '服务器没能生成唯一的名称。',
	API_UNSUPPORTED_MEDIA_TYPE: '服务器不支持请求正文的格式。',
	API_PATCH_REJECTED: '服务器不接受此补丁。',
	API_APPLY_CONFLICT: '其他管理方拥有这些字段，没有应用。',
	API_CONFLICT: '对象在读取之后已被修改。',
	API_INVALID: '对象的字段无效。',
	API_BAD_REQUEST: '请求无效。',
	API_METHOD_NOT_ALLOWED: '此资源不支持所用的方法。',
	API_NOT_ACCEPTABLE: '服务器不能提供所要求的格式。',
	API_REQUEST_TIMEOUT: '服务器未能在允许的时间内完成请求。',
	API_VERSION_TOO_LARGE: '所要求的资源版本比服务器的当前版本更新。',
	API_EXPIRED: '所要求的资源版本过旧，已不再保留。',
	API_OBJECT_TOO_LARGE: '对象超过存储的大小限制。',
	API_SPACE_EXCEEDED: '所有对象合计已达到内存上限，无法再创建对象。',
	API_CONTINUE_EXPIRED: 'continue 令牌已过期，不能继续一致地分页读取。',
	API_TOO_MANY_CONNECTIONS: '该用户到 kubelet 的请求过多。',
	API_NODE_UNREACHABLE: 'API 服务器无法连接该节点的 kubelet。',
	API_KUBELET_UNAVAILABLE: 'API 服务器无法从该节点的 kubelet 读取日志。',
	API_OBJECT_UNREADABLE: '存储的对象无法解码。',
	API_TOO_LARGE: '请求超过大小限制。',

	PEER_REFUSED: '对方的证书未通过验证。',
	INTERNAL: '服务内部出错。日志中有此错误的 ID。',

	ATTACK_ARGUMENTS_INVALID: 'attacker-sim 的参数无效。',

	CONFIG_INVALID: '设置无效，程序没有启动。',
	FILE_UNUSABLE: '文件无法使用。',
	COMMAND_INVALID: '命令无效。',
	KUBECONFIG_INVALID: 'kubeconfig 无效。',
	SERVICE_FAILED: '服务未能运行。',

	CHAOS_DOCUMENT_INVALID: '实验文档无效，实验没有运行。',
	CHAOS_ARGUMENTS_INVALID: '参数无效。',

	ACTION_REFUSED: '命令执行失败。',
	PAGE_NOT_FOUND: 'observer 没有此路径。',
	PAGE_BAD_REQUEST: 'observer 不接受此请求。',
};

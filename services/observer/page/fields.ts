/** Names of the fields of a step's details, and their meaning to Kubernetes, in both languages. */
import type { FieldKey } from '../field-keys.ts';
import type { Language } from './catalogue.ts';

export interface FieldText {
	readonly name: string;
	readonly meaning?: string;
}
type Texts = Readonly<Record<Language, FieldText>>;

const certificate = {
	'certificate.subject': {
		en: { name: 'Subject', meaning: 'The API server reads CN as the user name and each O as a group.' },
		zh: { name: '主体', meaning: 'API 服务器将 CN 作为用户名，每个 O 作为一个组。' },
	},
	'certificate.issuer': {
		en: {
			name: 'Issuer',
			meaning: 'The CA that signed it. A program that trusts the CA also trusts the identity in the certificate.',
		},
		zh: { name: '签发者', meaning: '签发此证书的 CA。信任此 CA 的一方，也信任证书所声明的身份。' },
	},
	'certificate.serial': {
		en: { name: 'Serial number', meaning: 'Unique for the CA; 128 random bits.' },
		zh: { name: '序列号', meaning: '在同一 CA 下唯一；128 位随机数。' },
	},
	'certificate.notBefore': {
		en: {
			name: 'Valid from',
			meaning: 'Five minutes before it was issued, so that a machine whose clock is slow accepts it.',
		},
		zh: { name: '生效时间', meaning: '比签发时间提前 5 分钟，避免时钟偏慢的机器拒绝新证书。' },
	},
	'certificate.notAfter': {
		en: {
			name: 'Valid until',
			meaning:
				'Kubernetes checks no revocation: until this time, the holder of the private key has this identity. ' +
				'The kubelet renews the certificate at 70 to 90 % of its lifetime.',
		},
		zh: {
			name: '到期时间',
			meaning: 'Kubernetes 不检查吊销：到期前，持有私钥者均可使用此身份。有效期过去 70%～90% 时，kubelet 更新证书。',
		},
	},
	'certificate.extendedKeyUsage': {
		en: { name: 'Extended key usage', meaning: 'client auth: identifies a client. server auth: identifies a server.' },
		zh: { name: '扩展密钥用途', meaning: '证书可证明的身份：client auth 为客户端，server auth 为服务器。' },
	},
	'certificate.isCa': {
		en: { name: 'Is a CA', meaning: 'Whether its key can sign other certificates.' },
		zh: { name: '是否为 CA', meaning: '能否签发其他证书。' },
	},
	'certificate.subjectAltNames': {
		en: {
			name: 'Subject alternative names',
			meaning: 'The names and addresses under which clients can connect to the server.',
		},
		zh: { name: '主体备用名称（SAN）', meaning: '客户端可用这些名称或地址连接此服务器。' },
	},
	'certificate.publicKey': { en: { name: 'Public key' }, zh: { name: '公钥' } },
	'certificate.pin': { en: { name: 'Pin of the public key' }, zh: { name: '公钥哈希（pin）' } },
	'certificate.fingerprint': {
		en: {
			name: 'SHA-256 of the certificate',
			meaning: 'Not the pin: the pin is the hash of the public key, and stays the same if a renewal keeps the key.',
		},
		zh: {
			name: '证书的 SHA-256',
			meaning: '整个证书的指纹，不是 CA 公钥哈希。沿用原密钥更新证书时，指纹改变，公钥哈希不变。',
		},
	},
} as const satisfies Partial<Record<FieldKey, Texts>>;

const csr = {
	'csr.name': {
		en: {
			name: 'Name',
			meaning: 'Derived from public key, subject and usages, so that a node that retries finds its request again.',
		},
		zh: { name: '名称', meaning: '由公钥、主体和用途计算得出，因此节点重试时会找到原来的请求。' },
	},
	'csr.signer': {
		en: {
			name: 'Signer',
			meaning: 'The signer applies its own rules. This signer issues only client certificates of nodes.',
		},
		zh: { name: '签名者', meaning: '由此签名者按自己的规则签发。此签名者只签发节点的客户端证书。' },
	},
	'csr.usages': { en: { name: 'Usages' }, zh: { name: '用途' } },
	'csr.subject': {
		en: { name: 'Subject', meaning: 'The identity that the node requests: user system:node:NAME, group system:nodes.' },
		zh: { name: '主体', meaning: '节点申请的身份：用户 system:node:<节点名>，组 system:nodes。' },
	},
	'csr.publicKey': {
		en: { name: 'Public key', meaning: 'The node generates the key pair. The private key does not leave the node.' },
		zh: { name: '公钥', meaning: '密钥对在节点上生成，私钥不离开节点。' },
	},
	'csr.spki': { en: { name: 'Public key, DER' }, zh: { name: '公钥（DER）' } },
	'csr.subjectAltNames': { en: { name: 'Subject alternative names' }, zh: { name: '主体备用名称（SAN）' } },
} as const satisfies Partial<Record<FieldKey, Texts>>;

const pin = {
	'pin.certificate': {
		en: { name: '1. CA certificate in cluster-info' },
		zh: { name: '1. cluster-info 中的 CA 证书' },
	},
	'pin.spki': {
		en: {
			name: '2. Its public key (SubjectPublicKeyInfo)',
			meaning: 'The hash covers the public key, not the certificate.',
		},
		zh: { name: '2. CA 的公钥（SubjectPublicKeyInfo）', meaning: '只对公钥计算哈希，不含证书的其他内容。' },
	},
	'pin.sha256': { en: { name: '3. SHA-256 of the public key' }, zh: { name: '3. 对公钥计算 SHA-256' } },
	'pin.presented': {
		en: { name: '4. Pin of the CA in cluster-info' },
		zh: { name: '4. 由 cluster-info 中的 CA 算得的公钥哈希' },
	},
	'pin.wanted': { en: { name: '5. Pins in the join command' }, zh: { name: '5. 加入命令中指定的公钥哈希' } },
	'pin.matches': {
		en: { name: '6. One of them matches', meaning: 'If none matches, the node stops and does not send its token.' },
		zh: { name: '6. 是否匹配', meaning: '任一匹配即通过；都不匹配时，节点停止加入，不出示令牌。' },
	},
} as const satisfies Partial<Record<FieldKey, Texts>>;

const jws = {
	'jws.detached': {
		en: { name: 'Signature in cluster-info', meaning: 'header..signature: the payload is the kubeconfig beside it.' },
		zh: { name: 'cluster-info 中的签名', meaning: '头部..签名：省略了载荷，载荷就是旁边的 kubeconfig。' },
	},
	'jws.header': { en: { name: 'Header' }, zh: { name: '头部' } },
	'jws.alg': {
		en: { name: 'Algorithm', meaning: 'Only HS256 is accepted: HMAC-SHA256 with the token secret as its key.' },
		zh: { name: '算法', meaning: '只接受 HS256：以令牌秘密为密钥的 HMAC-SHA256。' },
	},
	'jws.kid': {
		en: { name: 'Key ID', meaning: 'ID of the token whose secret made the signature.' },
		zh: { name: '密钥 ID', meaning: '签名所用令牌的 ID。' },
	},
	'jws.signedText': { en: { name: 'Signed text' }, zh: { name: '签名内容' } },
	'jws.signature': { en: { name: 'Signature' }, zh: { name: '签名' } },
} as const satisfies Partial<Record<FieldKey, Texts>>;

const decision = {
	'decision.user': { en: { name: 'User' }, zh: { name: '用户' } },
	'decision.groups': { en: { name: 'Groups' }, zh: { name: '组' } },
	'decision.verb': { en: { name: 'Verb' }, zh: { name: '动词' } },
	'decision.resource': { en: { name: 'Resource' }, zh: { name: '资源' } },
	'decision.decision': { en: { name: 'Decision' }, zh: { name: '裁定' } },
	'decision.reason': {
		en: { name: 'Reason', meaning: 'The rule that allows the request. A request that no rule allows is refused.' },
		zh: { name: '依据', meaning: '允许此请求的规则。未被任何规则允许的请求一律拒绝。' },
	},
} as const satisfies Partial<Record<FieldKey, Texts>>;

const message = {
	'message.method': { en: { name: 'Method' }, zh: { name: '方法' } },
	'message.from': { en: { name: 'From' }, zh: { name: '发送方' } },
	'message.to': { en: { name: 'To' }, zh: { name: '接收方' } },
	'message.peer': { en: { name: 'Address' }, zh: { name: '地址' } },
	'message.tls': {
		en: {
			name: 'Protection',
			meaning:
				'unverified: encrypted, but the client did not verify the server. one-way: the client verified the ' +
				'server. mutual: each verified the other.',
		},
		zh: {
			name: '保护方式',
			meaning: 'unverified：已加密，未验证对方身份；one-way：已验证服务器；mutual：双方均已验证。',
		},
	},
	'message.expectedError': {
		en: { name: 'Answer', meaning: 'The caller expects this answer; it is not a failure.' },
		zh: { name: '应答', meaning: '调用方预期此应答，不是失败。' },
	},
	'message.sentBytes': { en: { name: 'Bytes sent' }, zh: { name: '发送字节数' } },
	'message.receivedBytes': { en: { name: 'Bytes received' }, zh: { name: '接收字节数' } },
	'message.duration': { en: { name: 'Duration' }, zh: { name: '用时' } },
	'check.phase': { en: { name: 'Phase' }, zh: { name: '阶段' } },
	'check.trust': { en: { name: 'Trust after this phase' }, zh: { name: '此阶段后的信任关系' } },
	'check.duration': { en: { name: 'Duration' }, zh: { name: '用时' } },
} as const satisfies Partial<Record<FieldKey, Texts>>;

const others = {
	'failure.code': { en: { name: 'Error code' }, zh: { name: '错误代码' } },
	'failure.sentence': { en: { name: 'Message' }, zh: { name: '错误信息' } },
	'failure.mostLikely': { en: { name: 'Most likely cause' }, zh: { name: '最可能' } },
	'failure.alsoPossible': { en: { name: 'Also possible' }, zh: { name: '也可能' } },
	'failure.remedy': { en: { name: 'Do this' }, zh: { name: '处理' } },
	'token.id': {
		en: { name: 'Token ID', meaning: 'The public part of the token. No trace contains the token secret.' },
		zh: { name: '令牌 ID', meaning: 'ID 是令牌的公开部分。令牌秘密不写入追踪数据。' },
	},
	'token.user': { en: { name: 'User' }, zh: { name: '用户' } },
	'token.groups': { en: { name: 'Groups' }, zh: { name: '组' } },
	'token.refused': { en: { name: 'Refused' }, zh: { name: '已拒绝' } },
	'token.why': {
		en: { name: 'Reason', meaning: 'Only the log of the server has the reason; the client receives Unauthorized.' },
		zh: { name: '原因', meaning: '真实原因只写入服务端日志；请求方只收到 Unauthorized。' },
	},
} as const satisfies Partial<Record<FieldKey, Texts>>;

/** A field that `detail.ts` makes and this table lacks does not compile. */
export const fields: Readonly<Record<FieldKey, Texts>> = {
	...certificate,
	...csr,
	...pin,
	...jws,
	...decision,
	...message,
	...others,
};

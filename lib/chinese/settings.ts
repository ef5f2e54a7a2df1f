/** The descriptions of settings and the problems of their values in Chinese, by their English text. */
import { translator } from '../errors/chinese/template.ts';

export const settingTexts: Readonly<Record<string, string>> = {
	'{count} settings are invalid:': '{count} 项设置无效：',
	'{variable} is missing: {help}': '缺少 {variable}：{help}',
	'{setting} cannot be used: it must be {wanted}': '{setting} 无法使用，应为：{wanted}',
	'{variable} is not a setting of this program; it knows {known}': '{variable} 不是此程序的设置；可用的设置：{known}',
	'{setting} cannot be used: less than {seconds} seconds is for a lab only, with {variable}=true':
		'{setting} 无法使用：小于 {seconds} 秒只用于实验环境，须设置 {variable}=true',
	'a whole number from {min} to {max}': '{min} 到 {max} 之间的整数',
	'one of {values}': '下列之一：{values}',
	'a file that can be read ({problem})': '可读取的文件（{problem}）',
	'a file that is not empty': '非空文件',
	'a file with certificates in PEM ({problem})': '含 PEM 证书的文件（{problem}）',
	'a file with a private key in PEM ({problem})': '含 PEM 私钥的文件（{problem}）',
	'a file with an RSA private key in PEM ({problem})': '含 PEM 格式 RSA 私钥的文件（{problem}）',
	'HOST:PORT, without a scheme': 'HOST:PORT，不带协议',
	'an address such as http://127.0.0.1:8080, without a user name': 'http://127.0.0.1:8080 这样的地址，不带用户名',
	'an address that starts with {schemes}': '以 {schemes} 开头的地址',
	'NAME=URL, separated by commas': 'NAME=URL，用逗号分隔',
	'local, or unix: and the absolute path of a socket': 'local，或 unix: 加套接字的绝对路径',
	// Help.
	'Usage: {service} [--help]': '用法：{service} [--help]',
	'Settings, all of them environment variables:': '设置均为环境变量：',
	'{help} (default: {value})': '{help}（默认：{value}）',
	'{help} (required)': '{help}（必需）',
	'address to listen on': '监听地址',
	'port to listen on': '监听端口',
	'address to receive traces on, OTLP over HTTP as JSON': '接收追踪的地址，OTLP，HTTP 上的 JSON',
	'port to receive traces on': '接收追踪的端口',
	'host names under which programs send traces, separated by commas; OTLP_ADDRESS is one of them':
		'程序发送追踪所用的主机名，用逗号分隔；包括 OTLP_ADDRESS',
	'file with the root key from which the key of each program is derived: PKI/observer/traces-key':
		'含根密钥的文件，各程序的密钥由它派生：PKI/observer/traces-key',
	'URL of another collector that receives a copy of all traces: http://HOST:4318/v1/traces':
		'接收全部追踪副本的另一个收集器的 URL：http://HOST:4318/v1/traces',
	'kubeconfig of the admin; without it the page shows no cluster and offers no actions':
		'管理员的 kubeconfig；没有它，页面不显示集群，也不提供操作',
	'file with the certificates of the mesh, without keys, which the page shows: PKI/observer/certificates.json':
		'含各服务证书的文件，不含密钥，由页面显示：PKI/observer/certificates.json',
	'services whose health the page shows: NAME=URL of /readyz, separated by commas':
		'页面显示健康状况的服务：NAME=URL（/readyz），用逗号分隔',
	'whether the page can join nodes and decide requests: true, false, or local (only if it listens on 127.0.0.1)':
		'页面能否加入节点和处理请求：true、false 或 local（只在监听 127.0.0.1 时）',
	'host names under which browsers can open the page, separated by commas': '浏览器打开页面所用的主机名，用逗号分隔',
	'directory for the files of the nodes that the page joins; without it the page joins none':
		'页面所加入节点的文件目录；没有它，页面不能加入节点',
	'URL to which the nodes that the page joins send their traces': '页面所加入的节点发送追踪的 URL',
	'runner of the experiments: local (on this machine), or unix:PATH (behind a socket); without it there are none':
		'实验执行服务：local（本机）或 unix:PATH（套接字）；没有它，不提供实验',
	'directory of the experiments': '实验文档的目录',
	'state directory of the mesh that local experiments use': '本机实验所用环境的状态目录',
	'directory for the joins and the runs of experiments that survive a restart; without it a restart loses them':
		'保存加入和实验运行的目录，重启后仍在；没有它，重启后丢失',
	'number of joins that are kept with all their steps': '保留全部步骤的加入次数',
	'lines on standard output: the checks of each join, every step, one line for each join, or none':
		'标准输出的内容：每次加入的检查、每个步骤、每次加入一行，或无',
	'whether these lines have colours; unset: on a terminal, unless NO_COLOR is set':
		'输出是否带颜色；未设置时，终端上带颜色，除非设置了 NO_COLOR',
	'language of these lines': '输出的语言',
	'width of these lines': '输出的宽度',
	'address of the store: redis://HOST:PORT, rediss://HOST:PORT or lmdb:DIRECTORY':
		'存储的地址：redis://HOST:PORT、rediss://HOST:PORT 或 lmdb:DIRECTORY',
	'Redis ACL user': 'Redis ACL 用户',
	'file with the password of that user': '含此用户密码的文件',
	'PEM file with the CA of a rediss: server': '含 rediss: 服务器 CA 的 PEM 文件',
	'PEM file with the client certificate for a rediss: server': '含访问 rediss: 服务器的客户端证书的 PEM 文件',
	'PEM file with the key of that certificate': '含此证书私钥的 PEM 文件',
	'PEM file with the certificate to show': '含所出示证书的 PEM 文件',
	'PEM file with the CA whose client certificates are accepted: the mesh CA':
		'含 CA 的 PEM 文件，接受由它签发的客户端证书：mesh CA',
	'PEM file with the certificate that the server shows': '含服务器所出示证书的 PEM 文件',
	'PEM file with its key': '含其私钥的 PEM 文件',
	'PEM file with the RSA key that signs service-account tokens': '含 RSA 密钥的 PEM 文件，用于签署服务账号令牌',
	'PEM file with the cluster CA, which issues client certificates': '含集群 CA 的 PEM 文件，它签发客户端证书',
	'PEM file with the CA of the edges between services': '含服务之间所用 CA 的 PEM 文件',
	'HOST:PORT of token-store': 'token-store 的 HOST:PORT',
	'PEM file with the client certificate for token-store': '含访问 token-store 的客户端证书的 PEM 文件',
	'PEM file with the client certificate for kubelets': '含访问 kubelet 的客户端证书的 PEM 文件',
	'PEM file with the CA that verifies kubelets; without it, as kubeadm configures it, they are not verified':
		'含验证 kubelet 的 CA 的 PEM 文件；没有它则不验证，与 kubeadm 的配置相同',
	'true: pass on requests to the kubelet of a Node at a loopback address; false, as upstream: refuse them':
		'true：转发到环回地址上的 kubelet 的请求；false：拒绝，与上游相同',
	'minor version that the cluster claims to be, for an older kubeadm: 1.37, 1.36 or 1.35':
		'集群声明的次版本，供较旧的 kubeadm 使用：1.37、1.36 或 1.35',
	"seconds after its last write at which an event is removed, as upstream's --event-ttl":
		'事件在最后一次写入之后保留的秒数，同上游的 --event-ttl',
	'connections that the port keeps open, three quarters of them from one address; raise it for thousands of nodes':
		'端口保持的连接数，同一地址最多占四分之三；节点达数千个时调高',
	'HOST:PORT at which nodes reach this server, for cluster-info': '节点访问此服务器的 HOST:PORT，写入 cluster-info',
	'PEM file with the certificate of the cluster CA, and any others that nodes are to trust':
		'含集群 CA 证书以及节点应信任的其他证书的 PEM 文件',
	'PEM file with the key of one of them, which signs': '含其中一个证书的私钥的 PEM 文件，用于签名',
	'file for the ledger of issued certificates; created if it does not exist': '已签发证书的账本文件；不存在时创建',
	'seconds that a certificate is signed for at most; less than {seconds} only in a lab':
		'证书有效期的上限，秒；只有实验环境可小于 {seconds}',
	'true in a lab, where a certificate may live for seconds; default false':
		'实验环境为 true，证书有效期可为数秒；默认 false',
	'kubeconfig of User system:kube-controller-manager': '用户 system:kube-controller-manager 的 kubeconfig',
	'HOST:PORT of ca-service': 'ca-service 的 HOST:PORT',
	'PEM file with the client certificate for ca-service and token-store':
		'含访问 ca-service 和 token-store 的客户端证书的 PEM 文件',
	'PEM file with the CA that issued the certificates of ca-service and token-store':
		'含签发 ca-service 和 token-store 证书的 CA 的 PEM 文件',
	'seconds without a heartbeat after which a node is Unknown; its lease is renewed every 10 s':
		'节点没有心跳多少秒后变为 Unknown；租约每 10 秒更新一次',
	'directory that gets a subdirectory for each program': '目录，每个程序在其中有一个子目录',
	'key of a new cluster CA: RSA-2048 or ECDSA-P256': '新集群 CA 的密钥：RSA-2048 或 ECDSA-P256',
	'https://HOST:PORT of the API server, for kubeconfigs': 'API 服务器的 https://HOST:PORT，写入 kubeconfig',
	'more DNS names and IP addresses of the API server, separated by commas':
		'API 服务器的其他 DNS 名称和 IP 地址，用逗号分隔',
	'file with the key that authenticates this program at the observer: PKI/PROGRAM/traces-key':
		'含密钥的文件，此程序用它向 observer 认证：PKI/PROGRAM/traces-key',
	'after invalid settings: exit with 2, or wait to be stopped, where an exit would only cause restarts':
		'设置无效时：以 2 退出，或等待停止（退出只会引起重启时）',
	'log level: error, warn, info or debug': '日志级别：error、warn、info 或 debug',
	'format of log lines: text for people, json for programs': '日志格式：text 供人阅读，json 供程序使用',
	'address of /healthz, /livez, /readyz and /metrics; any client that can connect can read them':
		'/healthz、/livez、/readyz 和 /metrics 的地址；能连接的客户端都能读取',
	'host names of the health port, separated by commas, besides addresses, localhost and the name of the service':
		'健康检查端口的主机名，用逗号分隔；地址、localhost 和服务名称总是可用',
	'port of /healthz, /livez, /readyz and /metrics': '/healthz、/livez、/readyz 和 /metrics 的端口',
};

const translate = translator(settingTexts);

/**
 * The message of CONFIG_INVALID, or the help of a service, line by line.
 *
 * @returns undefined for any other text
 */
export function settingsInChinese(text: string): string | undefined {
	let isTranslated = false;
	const lines = text.split('\n').map((line) => {
		const [before = ''] = /^\s*(?:- )?/.exec(line) ?? [];
		const translated = translate(line.slice(before.length));
		isTranslated ||= translated !== undefined;
		return translated === undefined ? line : before + translated;
	});
	return isTranslated ? lines.join('\n') : undefined;
}

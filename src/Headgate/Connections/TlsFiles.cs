using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Headgate.Configuration;

namespace Headgate.Connections;

/// <summary>Reads the certificates that the configuration of an API names, or of a pool of proxies, once, when it is opened. No message shows a key or a password.</summary>
internal sealed class TlsFiles
{
    private const string File = "file:";

    /// <summary>A bundle with every authority of the world has some 200 KiB.</summary>
    private const int LargestFile = 4 << 20;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The API, or the pool.</summary>
    private readonly string _name;
    private readonly string _pointer;
    private readonly DateTimeOffset _now;
    private readonly Action<string> _notice;
    private readonly List<ConfigurationError> _errors = [];

    private TlsFiles(string place, string name, DateTimeOffset now, Action<string> notice) =>
        (_pointer, _name, _now, _notice) = ($"{ConfigurationNode.Below(place, name)}/tls/", name, now, notice);

    /// <summary>What the handler is told of TLS. That chain, name and dates are checked stays the runtime's; nothing here can turn it off.</summary>
    /// <param name="api">The API.</param>
    /// <param name="now">The wall clock, for certificates that are out of date.</param>
    /// <param name="notice">Told of those: a server may know better.</param>
    /// <exception cref="ConfigurationException">A file is missing, cannot be read, or is not what it should be: all errors together.</exception>
    public static SslClientAuthenticationOptions Read(UpstreamConfiguration api, DateTimeOffset now, Action<string> notice)
    {
        var files = new TlsFiles("/upstreams", api.Name, now, notice);
        var options = new SslClientAuthenticationOptions();
        if (api.Tls.Ca is { } ca && files.ReadTrusted(ca[File.Length..]) is { } trusted)
            options.CertificateChainPolicy = TrustOnly(trusted);
        if (api.Tls.ClientCertificate is { } own)
            options.ClientCertificateContext = files.ReadOwn(own[File.Length..], api.Tls.Password);
        return files._errors.Count == 0 ? options : throw new ConfigurationException(files._errors);
    }

    /// <summary>By whom the proxies of a pool are trusted; null for whoever the system trusts.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="now">The wall clock, for certificates that are out of date.</param>
    /// <param name="notice">Told of those.</param>
    /// <exception cref="ConfigurationException">The file is missing, cannot be read, or is not what it should be.</exception>
    public static Func<X509ChainPolicy>? ReadTrust(ProxyPoolConfiguration pool, DateTimeOffset now, Action<string> notice)
    {
        if (pool.Ca is not { } ca)
            return null;
        var files = new TlsFiles("/proxies", pool.Name, now, notice);
        return files.ReadTrusted(ca[File.Length..]) is { } trusted ? () => TrustOnly(trusted) : throw new ConfigurationException(files._errors);
    }

    private static X509ChainPolicy TrustOnly(X509Certificate2Collection trusted)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // As the runtime has it without a policy: lists of revoked certificates are another server, which may be away.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        policy.CustomTrustStore.AddRange(trusted);
        return policy;
    }

    private X509Certificate2Collection? ReadTrusted(string path)
    {
        if (ReadFile("ca", path) is not { } bytes)
            return null;
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.Latin1.GetString(bytes));
        }
        catch (Exception failure) when (failure is CryptographicException or PlatformNotSupportedException)
        {
            return Wrong<X509Certificate2Collection>("ca", path, "a certificate in it is damaged");
        }
        if (certificates.Count == 0)
            return Wrong<X509Certificate2Collection>("ca", path, "there is no certificate in it; in PEM one begins with -----BEGIN CERTIFICATE-----");
        foreach (var certificate in certificates)
            TellDates($"the certificate {certificate.Subject} that {_name} is trusted by", certificate);
        return certificates;
    }

    private SslStreamCertificateContext? ReadOwn(string path, string? passwordSource)
    {
        const string setting = "clientCertificate";
        if (ReadFile(setting, path) is not { } bytes || !TryReadPassword(passwordSource, out var password))
            return null;
        try
        {
            if (CertificateFile.Read(bytes, null, password) is not { } context)
                return Wrong<SslStreamCertificateContext>(setting, path, "there is no private key in it");
            TellDates($"the client certificate for {_name}", context.TargetCertificate);
            return context;
        }
        catch (Exception failure) when (failure is CryptographicException or PlatformNotSupportedException)
        {
            return Wrong<SslStreamCertificateContext>(setting, path,
                $"it is no .pfx file and no PEM file with a certificate and its private key{(password is null ? ", or it has a password: say with \"password\" where that is" : ", or the password is another")}");
        }
    }

    private bool TryReadPassword(string? source, out string? password)
    {
        password = null;
        if (source is null)
            return true;
        try
        {
            password = SecretSource.Read(source);
        }
        catch (ConfigurationException wrong)
        {
            _errors.AddRange(wrong.Errors.Select(error => error with { Pointer = Pointer("password") }));
        }
        return password is not null;
    }

    private byte[]? ReadFile(string setting, string path)
    {
        try
        {
            return BoundedFile.ReadAllBytes(path, LargestFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return Wrong<byte[]>(setting, path, $"cannot be read: {failure.Message}");
        }
    }

    private void TellDates(string what, X509Certificate2 certificate)
    {
        if (CertificateFile.WhyOutOfDate(certificate, _now) is { } why)
            _notice($"{what} {why}");
    }

    private string Pointer(string setting) => _pointer + setting;

    private T? Wrong<T>(string setting, string path, string message) where T : class
    {
        _errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.File, path), Pointer(setting), message));
        return null;
    }
}

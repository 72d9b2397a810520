using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Tests.Input;

namespace Headgate.Tests.Connections;

public sealed class TlsFilesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly List<string> _notices = [];

    public void Dispose() => _folder.Dispose();

    private static X509Certificate2 Certificate(string name, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddYears(-1), until ?? Now.AddYears(1));
    }

    private SslClientAuthenticationOptions Read(string? ca = null, string? client = null, string? password = null) => TlsFiles.Read(
        new UpstreamConfiguration { Name = "api", Tls = new() { Ca = ca is null ? null : $"file:{ca}", ClientCertificate = client is null ? null : $"file:{client}", Password = password } },
        Now, _notices.Add);

    private string[] Errors(string? ca = null, string? client = null, string? password = null) =>
        [.. Assert.Throws<ConfigurationException>(() => Read(ca, client, password)).Errors.Select(error => error.ToString())];

    private string Write(string name, string text) => _folder.Write(name, text);

    private string Write(string name, byte[] bytes) => _folder.Write(name, bytes);

    private static string Pem(X509Certificate2 certificate) => $"{certificate.ExportCertificatePem()}\n{certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n";

    [Fact]
    public void Only_the_named_authorities_are_trusted_and_everything_is_still_verified()
    {
        using var one = Certificate("one");
        using var two = Certificate("two");
        var options = Read(ca: Write("ca.pem", $"# ours\n{one.ExportCertificatePem()}\n{two.ExportCertificatePem()}\n"));

        var policy = options.CertificateChainPolicy!;
        Assert.Equal(X509ChainTrustMode.CustomRootTrust, policy.TrustMode);
        Assert.Equal(["CN=one", "CN=two"], policy.CustomTrustStore.Select(certificate => certificate.Subject));
        Assert.Equal(X509VerificationFlags.NoFlag, policy.VerificationFlags);
        Assert.Null(options.RemoteCertificateValidationCallback);
        Assert.Empty(_notices);
    }

    [Fact]
    public void Our_own_certificate_is_read_from_each_of_its_forms()
    {
        using var own = Certificate("own");
        var pem = Pem(own);
        var sealedKey = own.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem("s3", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
        var password = Write("password", "s3\n");
        foreach (var (name, content, withPassword) in ((string, byte[], bool)[])
            [
                ("own.pem", System.Text.Encoding.ASCII.GetBytes(pem), false),
                ("sealed.pem", System.Text.Encoding.ASCII.GetBytes($"{own.ExportCertificatePem()}\n{sealedKey}"), true),
                ("own.pfx", own.Export(X509ContentType.Pkcs12), false),
                ("sealed.pfx", own.Export(X509ContentType.Pkcs12, "s3"), true),
            ])
        {
            var context = Read(client: Write(name, content), password: withPassword ? $"file:{password}" : null).ClientCertificateContext!;
            Assert.Equal(own.Thumbprint, context.TargetCertificate.Thumbprint);
            Assert.True(context.TargetCertificate.HasPrivateKey);
        }
    }

    [Fact]
    public void What_cannot_be_used_is_told_with_its_place_and_all_at_once()
    {
        using var own = Certificate("own");
        var empty = Write("empty.pem", "nothing here\n");
        var missing = _folder["missing.pfx"];

        var errors = Errors(ca: empty, client: missing);

        Assert.Equal($"{empty}: /upstreams/api/tls/ca: there is no certificate in it; in PEM one begins with -----BEGIN CERTIFICATE-----", errors[0]);
        Assert.StartsWith($"{missing}: /upstreams/api/tls/clientCertificate: cannot be read: ", errors[1]);
        Assert.Contains("a certificate in it is damaged", Assert.Single(Errors(ca: Write("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))));
        Assert.Contains("with a certificate and its private key", Assert.Single(Errors(client: Write("half.pem", own.ExportCertificatePem()))));
        Assert.Contains("say with \"password\" where that is", Assert.Single(Errors(client: Write("sealed.pfx", own.Export(X509ContentType.Pkcs12, "s3")))));
        Assert.Contains("there is no private key in it", Assert.Single(Errors(client: Write("public.pfx", new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(own.RawData)).Export(X509ContentType.Pkcs12)!))));
        Assert.Contains("is not set", Assert.Single(Errors(client: Write("own.pem", Pem(own)), password: "env:HEADGATE_TEST_NO_SUCH_VARIABLE")));
    }

    [Fact]
    public void A_wrong_password_is_told_and_not_shown()
    {
        using var own = Certificate("own");
        var error = Assert.Single(Errors(client: Write("own.pfx", own.Export(X509ContentType.Pkcs12, "s3")), password: $"file:{Write("password", "hunter2")}"));
        Assert.Contains("or the password is another", error);
        Assert.DoesNotContain("hunter2", error);
    }

    [Fact]
    public void What_is_out_of_date_is_said_and_left_to_the_server()
    {
        using var old = Certificate("old", Now.AddDays(-1));
        Read(ca: Write("ca.pem", old.ExportCertificatePem()), client: Write("own.pem", Pem(old)));
        Assert.Equal(
            ["the certificate CN=old that api is trusted by expired on 2026-05-31 00:00 UTC", "the client certificate for api expired on 2026-05-31 00:00 UTC"],
            _notices);
    }
}

using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Tests.Input;
using Headgate.Time;

namespace Headgate.Tests.Security;

public sealed class ServiceCertificateTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private readonly List<string> _notices = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_read_from_one_file_or_two_with_a_password_or_without()
    {
        using var own = Certificate("own");
        var pem = own.ExportCertificatePem();
        var key = own.GetECDsaPrivateKey()!;
        var plain = key.ExportPkcs8PrivateKeyPem();
        var locked = key.ExportEncryptedPkcs8PrivateKeyPem("s3cret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
        _folder.Write("password", "s3cret\n");

        foreach (var (certificate, separate, password) in ((byte[], string?, string?)[])
            [(Bytes($"{pem}\n{plain}"), null, null), (Bytes(pem), plain, null), (Bytes(pem), locked, "password"), (own.Export(X509ContentType.Pkcs12), null, null), (own.Export(X509ContentType.Pkcs12, "s3cret"), null, "password")])
        {
            _folder.Write("certificate", certificate);
            if (separate is not null)
                _folder.Write("key", separate);
            using var read = Open(separate is null ? null : "key", password);
            Assert.Equal(own.Thumbprint, read.Options.ServerCertificateContext!.TargetCertificate.Thumbprint);
            Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, read.Options.EnabledSslProtocols);
        }
        Assert.Empty(_notices);
    }

    [Fact]
    public void Another_one_in_its_place_is_used_from_then_on_and_a_damaged_one_is_not()
    {
        using var first = Certificate("first");
        using var second = Certificate("second");
        _folder.Write("certificate", Pem(first));
        using var read = Open();

        _folder.Write("certificate", "half of a file");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(first.Thumbprint, Thumbprint(read));
        Assert.Contains(_notices, notice => notice.Contains("stays as it is", StringComparison.Ordinal));

        _folder.Write("certificate", Pem(second));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second.Thumbprint, Thumbprint(read));
    }

    [Fact]
    public void What_is_wrong_is_told_with_the_setting_and_without_the_password()
    {
        using var own = Certificate("own");
        using var other = Certificate("other");
        _folder.Write("password", "s3cret");

        Assert.Contains("/serve/tls/certificate: cannot be read", Error(), StringComparison.Ordinal);
        _folder.Write("certificate", own.ExportCertificatePem());
        Assert.Contains("say with \"key\" in which", Error(), StringComparison.Ordinal);
        _folder.Write("key", other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Assert.Contains("/serve/tls/certificate", Error("key"), StringComparison.Ordinal);
        _folder.Write("certificate", own.Export(X509ContentType.Pkcs12, "another"));
        Assert.Contains("the password is another", Error(null, "password"), StringComparison.Ordinal);
        Assert.Contains("say with \"password\" where that is", Error(), StringComparison.Ordinal);
        Assert.Contains("/serve/tls/password: cannot be read", Error(null, "nowhere"), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", string.Concat(_notices) + Error(null, "password"), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_has_expired_is_told_and_used()
    {
        using var old = Certificate("old", until: _time.GetUtcNow().AddDays(-1));
        _folder.Write("certificate", Pem(old));

        using var read = Open();

        Assert.Equal(old.Thumbprint, Thumbprint(read));
        Assert.Contains("expired on 2025-12-31", Assert.Single(_notices), StringComparison.Ordinal);
    }

    private ServiceCertificate Open(string? key = null, string? password = null) => ServiceCertificate.Open(
        new ServiceTlsConfiguration($"file:{_folder["certificate"]}") { Key = key is null ? null : $"file:{_folder[key]}", Password = password is null ? null : $"file:{_folder[password]}" }, _time, _notices.Add);

    private string Error(string? key = null, string? password = null) => Assert.Throws<ConfigurationException>(() => Open(key, password)).Message;

    private static string Thumbprint(ServiceCertificate certificate) => certificate.Options.ServerCertificateContext!.TargetCertificate.Thumbprint;

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static string Pem(X509Certificate2 certificate) => $"{certificate.ExportCertificatePem()}\n{certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n";

    private X509Certificate2 Certificate(string name, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(_time.GetUtcNow().AddYears(-1), until ?? _time.GetUtcNow().AddYears(1));
    }
}

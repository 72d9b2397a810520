using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Tests.Input;
using Headgate.Tests.Limits;

namespace Headgate.Tests.Connections;

/// <summary>Files of certificates, torn and damaged: they are read, or the configuration is refused, and no message shows of a key.</summary>
public sealed class TlsFuzzTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_of_certificates_is_read_or_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = new CertificateRequest("CN=own", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        var secret = key.ExportPkcs8PrivateKeyPem();
        var text = $"# ours\n{own.ExportCertificatePem()}\n{secret}\n";
        var binary = own.Export(X509ContentType.Pkcs12, "s3");
        var password = _folder.Write("password", "s3\n");
        Fuzzing.ForAWhile(random =>
        {
            var bytes = random.Next(3) > 0 ? Encoding.UTF8.GetBytes(Fuzzing.Mutate(random, text)) : Broken(random, binary);
            var file = $"file:{_folder.Write("certificates", bytes)}";
            var tls = new TlsConfiguration { Ca = random.Next(2) > 0 ? file : null, ClientCertificate = file, Password = random.Next(2) > 0 ? $"file:{password}" : null };
            try
            {
                TlsFiles.Read(new UpstreamConfiguration { Name = "api", Tls = tls }, Now, _ => { });
            }
            catch (ConfigurationException refused)
            {
                Assert.DoesNotContain(secret.Split('\n')[1], refused.Message, StringComparison.Ordinal);
                Assert.InRange(refused.Message.Length, 1, 2000);
            }
        }, batch: 20);
    }

    private static byte[] Broken(Random random, byte[] whole)
    {
        var bytes = whole[..random.Next(1, whole.Length + 1)];
        for (var times = random.Next(4); times > 0; times--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }
}

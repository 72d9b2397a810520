using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Headgate.Connections;

/// <summary>Certificates with their private keys, from the bytes of files.</summary>
internal static class CertificateFile
{
    /// <summary>Reads one. What else is in the file is shown along with it: the other side may not know who signed ours.</summary>
    /// <param name="certificate">PEM or PKCS #12.</param>
    /// <param name="key">The private key in PEM; null where it is in the file of the certificate.</param>
    /// <param name="password">The password of the key; null if it has none.</param>
    /// <returns>Null if there is no private key.</returns>
    /// <exception cref="CryptographicException">It is none, or the password is another, or the key is.</exception>
    /// <exception cref="PlatformNotSupportedException">This system does not know its algorithm.</exception>
    public static SslStreamCertificateContext? Read(byte[] certificate, byte[]? key, string? password)
    {
        var all = IsPem(certificate) ? OfPem(TextOf(certificate), TextOf(key ?? certificate), password) : X509CertificateLoader.LoadPkcs12Collection(certificate, password);
        if (all.FirstOrDefault(one => one.HasPrivateKey) is not { } own)
            return null;
        all.Remove(own);
        return SslStreamCertificateContext.Create(own, all, offline: true);
    }

    /// <summary>Whether a certificate holds now; null if it does, else why not, in words that follow its name.</summary>
    public static string? WhyOutOfDate(X509Certificate2 certificate, DateTimeOffset now) =>
        certificate.NotAfter.ToUniversalTime() < now.UtcDateTime ? $"expired on {Date(certificate.NotAfter)}"
        : certificate.NotBefore.ToUniversalTime() > now.UtcDateTime ? $"is valid only from {Date(certificate.NotBefore)} on"
        : null;

    private static X509Certificate2Collection OfPem(string certificates, string key, string? password)
    {
        try
        {
            using var paired = password is null ? X509Certificate2.CreateFromPem(certificates, key) : X509Certificate2.CreateFromEncryptedPem(certificates, key, password);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certificates);
            // Windows cannot use a key that was never in a store; by this way it was.
            all[0] = X509CertificateLoader.LoadPkcs12(paired.Export(X509ContentType.Pkcs12), null);
            return all;
        }
        catch (ArgumentException other)
        {
            throw new CryptographicException("the key is not that of the certificate", other);
        }
    }

    private static bool IsPem(byte[] bytes) => bytes.AsSpan().IndexOf("-----BEGIN"u8) >= 0;

    private static string TextOf(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static string Date(DateTime date) => date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;

namespace Headgate.App.Secrets;

/// <summary>A secret that people can type, from which the keys are made that encrypt the ring: PBKDF2 with SHA-256 (RFC 8018), AES-256-GCM. Immutable.</summary>
/// <param name="text">The secret.</param>
internal sealed class RingSecret(string text)
{
    /// <summary>Fewer characters would soon be guessed by whoever has the files.</summary>
    public const int Shortest = 16;

    /// <summary>OWASP, "Password Storage Cheat Sheet", 2023: PBKDF2-HMAC-SHA256.</summary>
    private const int Rounds = 600_000;

    // In this order, and then what is encrypted.
    private const int Salt = 32, Nonce = 12, Tag = 16, Head = Salt + Nonce + Tag;

    public byte[] Encrypt(byte[] plain)
    {
        var all = new byte[Head + plain.Length];
        RandomNumberGenerator.Fill(all.AsSpan(0, Salt + Nonce));
        using var aes = new AesGcm(KeyOf(all.AsSpan(0, Salt)), Tag);
        aes.Encrypt(all.AsSpan(Salt, Nonce), plain, all.AsSpan(Head), all.AsSpan(Salt + Nonce, Tag));
        return all;
    }

    /// <exception cref="CryptographicException">It was encrypted by another secret, or is damaged.</exception>
    public byte[] Decrypt(byte[] all)
    {
        if (all.Length < Head)
            throw new CryptographicException("cut off");
        var plain = new byte[all.Length - Head];
        using var aes = new AesGcm(KeyOf(all.AsSpan(0, Salt)), Tag);
        aes.Decrypt(all.AsSpan(Salt, Nonce), all.AsSpan(Head), all.AsSpan(Salt + Nonce, Tag), plain);
        return plain;
    }

    private byte[] KeyOf(ReadOnlySpan<byte> salt) => Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(text), salt, Rounds, HashAlgorithmName.SHA256, 32);
}

/// <summary>Encrypts the ring of Data Protection by a secret.</summary>
internal sealed class SecretXmlEncryptor(RingSecret secret) : IXmlEncryptor
{
    public const string Element = "headgateSealed";

    public EncryptedXmlInfo Encrypt(XElement plaintextElement) =>
        new(new XElement(Element, Convert.ToBase64String(secret.Encrypt(Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting))))), typeof(SecretXmlDecryptor));
}

/// <summary>Decrypts it. Made by Data Protection, by the name that stands in the ring: it keeps its name and its place.</summary>
internal sealed class SecretXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    /// <exception cref="CryptographicException">It was encrypted by another secret, or is damaged.</exception>
    public XElement Decrypt(XElement encryptedElement) =>
        XElement.Parse(Encoding.UTF8.GetString(services.GetRequiredService<RingSecret>().Decrypt(Convert.FromBase64String(encryptedElement.Value))));
}

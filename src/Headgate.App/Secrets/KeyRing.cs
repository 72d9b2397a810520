using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Headgate.App.CommandLine;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace Headgate.App.Secrets;

/// <summary>What encrypts and decrypts the values of the store: ASP.NET Data Protection, whose own ring of keys is protected in turn. Thread-safe.</summary>
internal sealed class KeyRing
{
    public const string SecretVariable = "HEADGATE_SECRET";
    public const string CertificateVariable = "HEADGATE_CERTIFICATE";
    public const string PasswordVariable = "HEADGATE_CERTIFICATE_PASSWORD";

    private const string Purpose = "Headgate.Keys";
    private const string CheckWord = "headgate";
    private const int LargestFile = 4 << 20;

    private readonly IDataProtector _root;

    private KeyRing(IDataProtectionProvider provider) => _root = provider.CreateProtector(Purpose);

    /// <summary>A word of ours, encrypted.</summary>
    public string MakeCheck() => _root.CreateProtector("check").Protect(CheckWord);

    /// <summary>Encrypts a value, for this kind, pool and name alone.</summary>
    public string Protect(SecretKind kind, string pool, string name, string value) => _root.CreateProtector(kind.Name, pool, name).Protect(value);

    /// <exception cref="CryptographicException">It was encrypted by another ring, for another name, or is damaged.</exception>
    public string Unprotect(SecretKind kind, StoredSecret secret) => _root.CreateProtector(kind.Name, secret.Pool, secret.Name).Unprotect(secret.Value);

    /// <summary>What the environment has to protect a new ring with; none if it has nothing.</summary>
    public static RingProtection Given(Func<string, string?> environment) =>
        environment(SecretVariable) is { Length: > 0 } ? RingProtection.Secret : environment(CertificateVariable) is { Length: > 0 } ? RingProtection.Certificate : RingProtection.None;

    /// <summary>Sees that what a ring is protected by is there, and makes nothing.</summary>
    /// <exception cref="CommandException">It is not.</exception>
    public static void Require(RingProtection protection, Func<string, string?> environment)
    {
        if (protection == RingProtection.Secret)
            SecretOf(environment);
        else if (protection == RingProtection.Certificate)
            CertificateOf(environment).Dispose();
    }

    /// <summary>Opens a ring.</summary>
    /// <param name="directory">Where it is, or is to be.</param>
    /// <param name="protection">What it is protected by.</param>
    /// <param name="check">The word that was encrypted when it was made; null for one that is made now.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="grows">Whether it gets another key when its last is out of date (Data Protection: after 90 days).</param>
    /// <exception cref="CommandException">What it is protected by is not there, or is another.</exception>
    public static KeyRing Open(string directory, RingProtection protection, string? check, Func<string, string?> environment, bool grows)
    {
        DataDirectory.Make(directory);
        // Whoever may write to the store puts another ring in its place.
        if ((DataDirectory.Fault(directory) ?? DataDirectory.Fault(Path.GetDirectoryName(directory)!)) is { } fault)
            throw new CommandException(ExitCode.Configuration, fault);
        // A ring that it cannot decrypt Data Protection takes for an empty one: it must not grow before that is known.
        var ring = Make(directory, protection, environment, grows: check is null);
        if (check is null)
            return ring;
        try
        {
            if (ring._root.CreateProtector("check").Unprotect(check) == CheckWord)
                return grows ? Make(directory, protection, environment, grows) : ring;
        }
        catch (Exception failure) when (failure is CryptographicException or InvalidOperationException)
        {
            // Told below.
        }
        throw new CommandException(ExitCode.Configuration, $"the keys and proxies in {Path.GetDirectoryName(directory)} cannot be decrypted: {protection switch
        {
            _ when !Directory.EnumerateFiles(directory).Any() => "its directory \"ring\" is empty; put back what was there, or remove the store and add them anew",
            RingProtection.Secret => $"{SecretVariable} is another than the one they were encrypted with",
            RingProtection.Certificate => $"{CertificateVariable} is another certificate than the one they were encrypted with",
            _ => "the files in its directory \"ring\" are gone or damaged",
        }}");
    }

    private static KeyRing Make(string directory, RingProtection protection, Func<string, string?> environment, bool grows) => new(DataProtectionProvider.Create(new DirectoryInfo(directory), builder =>
    {
        builder.SetApplicationName("Headgate");
        if (!grows)
            builder.DisableAutomaticKeyGeneration();
        Protect(builder, protection, environment);
    }));

    private static void Protect(IDataProtectionBuilder builder, RingProtection protection, Func<string, string?> environment)
    {
        switch (protection)
        {
            case RingProtection.Secret:
                var secret = new RingSecret(SecretOf(environment));
                builder.Services.AddSingleton(secret);
                builder.Services.Configure<KeyManagementOptions>(options => options.XmlEncryptor = new SecretXmlEncryptor(secret));
                break;
            case RingProtection.Certificate:
                var certificate = CertificateOf(environment);
                builder.ProtectKeysWithCertificate(certificate).UnprotectKeysWithAnyCertificate(certificate);
                break;
            default:
                break;
        }
    }

    private static string SecretOf(Func<string, string?> environment) => environment(SecretVariable) switch
    {
        null or "" => throw new CommandException(ExitCode.Configuration, $"the store of keys and proxies is protected by a secret; set {SecretVariable} to the one it was made with"),
        { Length: < RingSecret.Shortest } => throw new CommandException(ExitCode.Configuration, $"{SecretVariable} is shorter than {RingSecret.Shortest} characters; take for example the output of: openssl rand -base64 24"),
        var secret => secret,
    };

    private static X509Certificate2 CertificateOf(Func<string, string?> environment)
    {
        if (environment(CertificateVariable) is not { Length: > 0 } path)
            throw new CommandException(ExitCode.Configuration, $"the store of keys and proxies is protected by a certificate; set {CertificateVariable} to the path of its file, with its private key");
        try
        {
            var own = CertificateFile.Read(BoundedFile.ReadAllBytes(path, LargestFile), null, environment(PasswordVariable))?.TargetCertificate;
            return own?.GetRSAPrivateKey() is not null ? own
                : throw new CommandException(ExitCode.Configuration, $"{CertificateVariable}: {path} has no RSA certificate with its private key");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException or PlatformNotSupportedException)
        {
            throw new CommandException(ExitCode.Configuration, $"{CertificateVariable}: {path} cannot be read: {(failure is CryptographicException ? $"it is no .pfx and no PEM file with certificate and private key, or {PasswordVariable} is another" : failure.Message)}");
        }
    }
}

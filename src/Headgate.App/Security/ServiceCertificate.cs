using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Headgate.Configuration;
using Headgate.Connections;

namespace Headgate.App.Security;

/// <summary>The certificate that the service shows, read anew when one of its files changes: who has a connection keeps it. Thread-safe.</summary>
internal sealed class ServiceCertificate : IDisposable
{
    private const string File = "file:";
    private const string Pointer = "/serve/tls/";
    private const int LargestFile = 4 << 20;

    private readonly ServiceTlsConfiguration _tls;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly FileWatch _watch;
    private volatile SslServerAuthenticationOptions _options;

    private ServiceCertificate(ServiceTlsConfiguration tls, TimeProvider time, Action<string> notice)
    {
        (_tls, _time, _notice) = (tls, time, notice);
        _watch = new FileWatch([.. ((string?[])[tls.Certificate, tls.Key, tls.Password]).OfType<string>().Where(IsFile).Select(PathOf)], time, ReadAnew);
        try
        {
            _options = Read();
        }
        catch
        {
            _watch.Dispose();
            throw;
        }
    }

    /// <summary>Reads it.</summary>
    /// <param name="tls">Where it is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="notice">Told when it has changed, or is out of date.</param>
    /// <exception cref="ConfigurationException">It cannot be used.</exception>
    public static ServiceCertificate Open(ServiceTlsConfiguration tls, TimeProvider time, Action<string> notice) => new(tls, time, notice);

    /// <summary>What a new connection is made with: TLS 1.2 or later, HTTP/2 where the other side speaks it.</summary>
    public SslServerAuthenticationOptions Options => _options;

    /// <summary>The same where only HTTP/1.1 is spoken.</summary>
    public SslServerAuthenticationOptions OptionsOfHttp1 => new()
    {
        ServerCertificateContext = _options.ServerCertificateContext,
        EnabledSslProtocols = _options.EnabledSslProtocols,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
    };

    public void Dispose() => _watch.Dispose();

    private void ReadAnew()
    {
        try
        {
            _options = Read();
            _notice("the certificate of the service was read anew");
        }
        catch (ConfigurationException wrong)
        {
            _notice($"the certificate of the service cannot be read anew, and stays as it is: {wrong.Message}");
        }
    }

    private SslServerAuthenticationOptions Read()
    {
        var password = _tls.Password is { } source ? ReadPassword(source) : null;
        var certificate = ReadFile("certificate", _tls.Certificate);
        var key = _tls.Key is { } separate ? ReadFile("key", separate) : null;
        var context = Combine(certificate, key, password) ?? throw Wrong("certificate", _tls.Certificate, "there is no private key in it; say with \"key\" in which file that is");
        if (CertificateFile.WhyOutOfDate(context.TargetCertificate, _time.GetUtcNow()) is { } why)
            _notice($"the certificate of the service {why}");
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
    }

    private SslStreamCertificateContext? Combine(byte[] certificate, byte[]? key, string? password)
    {
        try
        {
            return CertificateFile.Read(certificate, key, password);
        }
        catch (Exception failure) when (failure is CryptographicException or PlatformNotSupportedException)
        {
            throw Wrong("certificate", _tls.Certificate, $"it is no .pfx file and no PEM file of a certificate with its private key{(key is null ? " (which may be in a file of its own: say with \"key\" in which)" : $" in {PathOf(_tls.Key!)}")}{(password is null ? ", or the key has a password: say with \"password\" where that is" : ", or the password is another")}");
        }
    }

    private static string ReadPassword(string source)
    {
        try
        {
            return SecretSource.Read(source);
        }
        catch (ConfigurationException wrong)
        {
            throw new ConfigurationException([.. wrong.Errors.Select(error => error with { Pointer = $"{Pointer}password" })]);
        }
    }

    private static byte[] ReadFile(string setting, string source)
    {
        try
        {
            return BoundedFile.ReadAllBytes(PathOf(source), LargestFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Wrong(setting, source, $"cannot be read: {failure.Message}");
        }
    }

    private static ConfigurationException Wrong(string setting, string source, string message) =>
        new([new ConfigurationError(new ValueOrigin(ValueSource.File, PathOf(source)), Pointer + setting, message)]);

    private static bool IsFile(string source) => source.StartsWith(File, StringComparison.Ordinal);

    private static string PathOf(string source) => source[File.Length..];
}

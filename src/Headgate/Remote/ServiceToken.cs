using System.Text;
using Headgate.Configuration;

namespace Headgate.Remote;

/// <summary>The token that calls carry. Thread-safe.</summary>
internal sealed class ServiceToken
{
    private const int LargestFile = 64 * 1024;

    private readonly string? _file;
    private volatile string? _text;

    private ServiceToken(string? text, string? file) => (_text, _file) = (text, file);

    /// <exception cref="ArgumentException">Both are given, or it is no token.</exception>
    /// <exception cref="HeadgateException">The file cannot be read.</exception>
    public static ServiceToken Of(string? text, string? file)
    {
        if (text is not null && file is not null)
            throw new ArgumentException("a token and a file with one are given: give one of them");
        return new ServiceToken(file is null ? Checked(text, "the token") : Read(file), file);
    }

    /// <summary>The token now; null for none.</summary>
    public string? Text => _text;

    /// <summary>Reads the file anew; says whether it has another token than the one that was refused.</summary>
    /// <exception cref="HeadgateException">The file cannot be read.</exception>
    public bool TryRenew(string? refused)
    {
        if (_file is not null)
            _text = Read(_file);
        return _text != refused;
    }

    private static string? Read(string file)
    {
        try
        {
            var line = Encoding.UTF8.GetString(BoundedFile.ReadAllBytes(file, LargestFile)).AsSpan().Trim();
            return Checked(line.IndexOfAny('\r', '\n') is >= 0 and var end ? line[..end].TrimEnd().ToString() : line.ToString(), $"the token in {file}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new HeadgateException(FailureClass.Auth, $"the token file {file} cannot be read: {failure.Message}", failure);
        }
    }

    private static string? Checked(string? text, string what) =>
        text is null || (text.Length > 0 && text.All(letter => letter is > ' ' and <= '~')) ? text
        : throw new ArgumentException($"{what} is empty, or has characters that no token has");
}

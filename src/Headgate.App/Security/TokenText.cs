using System.Security.Cryptography;
using System.Text;

namespace Headgate.App.Security;

/// <summary>The texts of tokens: <c>hg_</c> and 40 letters and digits by chance. Pure, but for the chance.</summary>
internal static class TokenText
{
    /// <summary>By what a token is told from other credentials.</summary>
    public const string Start = "hg_";

    /// <summary>How a hash is written.</summary>
    public const string HashStart = "sha256:";

    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>238 bits: nobody guesses it, so that a plain hash hides it, and no slow one is needed for each call.</summary>
    private const int Length = 40;

    /// <summary>Longer ones are not worth a hash.</summary>
    private const int Longest = 512;

    public static string Make() => Start + RandomNumberGenerator.GetString(Letters, Length);

    /// <summary>Whether a text is meant as a token.</summary>
    public static bool IsOne(string? text) => text is not null && text.StartsWith(Start, StringComparison.Ordinal);

    /// <summary>The hash of a token, as it is written.</summary>
    public static string HashOf(string token) => HashStart + Convert.ToHexStringLower(Digest(token));

    /// <summary>The hash of a token; of one that is too long the hash of nothing, which no token has.</summary>
    public static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token.Length <= Longest ? token : ""));
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Headgate.Caching;

/// <summary>Under what an answer is found.</summary>
/// <param name="Url">The URL without its fragment.</param>
/// <param name="Credentials">Whose answers: a digest, since secrets are not kept; 0 for nobody's or everybody's.</param>
internal readonly record struct CacheKey(string Url, UInt128 Credentials)
{
    public static CacheKey Of(CacheRules rules, Uri uri, FieldList request) => new(UrlOf(uri), rules.IsShared ? 0 : Digest(rules.CredentialFields, request));

    /// <summary>The URL as caches compare them: its scheme and host in small letters, its port only if it is another than the usual one.</summary>
    public static string UrlOf(Uri uri) =>
        uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 ? uri.AbsoluteUri : uri.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);

    public bool Equals(CacheKey other) => Credentials == other.Credentials && Url == other.Url;

    public override int GetHashCode() => string.GetHashCode(Url, StringComparison.Ordinal) ^ (int)(ulong)Credentials;

    private static UInt128 Digest(IReadOnlyList<string> names, FieldList request)
    {
        IncrementalHash? hash = null;
        try
        {
            foreach (var field in request)
                foreach (var name in names)
                    if (field.Is(name))
                    {
                        hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                        hash.AppendData(Encoding.UTF8.GetBytes($"{name}:{field.Value}\n"));
                    }
            return hash is null ? 0 : BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset());
        }
        finally
        {
            hash?.Dispose();
        }
    }
}

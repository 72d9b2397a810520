using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Headgate.Caching;

/// <summary>Under what an answer is found. Its hash is made once: a request looks several times.</summary>
internal readonly struct CacheKey(string url, UInt128 credentials) : IEquatable<CacheKey>
{
    private readonly int _hash = (int)(TextHash.Of(url) ^ (ulong)credentials);

    /// <summary>The URL without its fragment.</summary>
    public string Url => url;

    /// <summary>Whose answers: a digest, since secrets are not kept; 0 for nobody's or everybody's.</summary>
    public UInt128 Credentials => credentials;

    public static CacheKey Of(CacheRules rules, Uri uri, FieldList request) => new(UrlOf(uri), rules.IsShared ? 0 : Digest(rules.CredentialFields, request));

    /// <summary>The URL as caches compare them: its scheme and host in small letters, its port only if it is another than the usual one.</summary>
    public static string UrlOf(Uri uri) =>
        uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 ? uri.AbsoluteUri : uri.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);

    public CacheKey At(string place) => new(place, credentials);

    public bool Equals(CacheKey other) => _hash == other._hash && url == other.Url && credentials == other.Credentials;

    public override bool Equals(object? obj) => obj is CacheKey other && Equals(other);

    public override int GetHashCode() => _hash;

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

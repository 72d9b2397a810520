using Headgate.Time;

namespace Headgate.Remote;

/// <summary>Whether what is said of a service can be meant. Pure.</summary>
internal static class ServiceAddress
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>An address to which paths can be added.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Uri Check(Uri address)
    {
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            throw new ArgumentException($"the address \"{Excerpt.Of(address.OriginalString)}\" is no http or https URL such as http://127.0.0.1:8015");
        if (address.UserInfo.Length > 0)
            throw new ArgumentException("the address has a user name or password: give the token in the options");
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new ArgumentException($"the address \"{Excerpt.Of(address.OriginalString)}\" has a query or fragment: give it without");
        return address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
    }

    /// <summary>A copy of options that are in range.</summary>
    /// <exception cref="ArgumentException">One is not.</exception>
    public static HeadgateServiceClientOptions Check(HeadgateServiceClientOptions options)
    {
        if (options.Timeout < TimeSpan.FromMilliseconds(1) || options.Timeout > Longest)
            throw new ArgumentException($"{nameof(options.Timeout)} is 1 ms to 1 day, not {Duration.Format(options.Timeout)}", nameof(options));
        if (options.Patience < TimeSpan.Zero || options.Patience > Longest)
            throw new ArgumentException($"{nameof(options.Patience)} is 0 to 1 day, not {Duration.Format(options.Patience)}", nameof(options));
        return new HeadgateServiceClientOptions { Token = options.Token, TokenFile = options.TokenFile, Timeout = options.Timeout, Patience = options.Patience, Inner = options.Inner };
    }
}

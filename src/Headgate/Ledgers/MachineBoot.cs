namespace Headgate.Ledgers;

/// <summary>
/// Which boot of which machine the monotonic clock belongs to: Linux says (<c>/proc/sys/kernel/random/boot_id</c>). Elsewhere it is
/// <see cref="Unknown"/>, which equals no boot, itself included: what was sent before then counts as sent just now.
/// </summary>
internal static class MachineBoot
{
    public const string Unknown = "unknown";
    private const string File = "/proc/sys/kernel/random/boot_id";

    /// <summary>The id of the present boot.</summary>
    public static string Id()
    {
        try
        {
            return System.IO.File.ReadAllText(File).Trim() is { Length: > 0 } id ? id : Unknown;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Unknown;
        }
    }

    /// <summary>Whether two ids are known to be the same boot.</summary>
    public static bool IsSame(string left, string right) => left == right && left != Unknown;
}

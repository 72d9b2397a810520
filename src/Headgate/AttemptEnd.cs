using Headgate.Ledgers;

namespace Headgate;

/// <summary>How an attempt ends for those for whom its record changes nothing any more.</summary>
internal static class AttemptEnd
{
    /// <summary>Writes its end down for whoever has what became of it already: an end that is not recorded makes a restart stricter, and changes nothing else.</summary>
    /// <returns>Why it could not be recorded; null if it was.</returns>
    public static Exception? TryWriteEnd(this Attempt attempt)
    {
        try
        {
            attempt.WriteEnd();
            return null;
        }
        catch (Exception failure) when (failure is LedgerException or ObjectDisposedException)
        {
            return failure;
        }
    }
}

namespace Headgate.Caching;

/// <summary>How old an answer is (RFC 9111 §4.2.3). Milliseconds, so that seconds come out exactly.</summary>
internal static class Age
{
    /// <summary>What an answer was old when it came: what it says itself, or what its date says, whichever is more.</summary>
    /// <param name="answer">Its fields.</param>
    /// <param name="requestedAt">When it was asked for, milliseconds since the Unix epoch.</param>
    /// <param name="receivedAt">When it came.</param>
    public static long Initial(FieldList answer, long requestedAt, long receivedAt)
    {
        // Dates have whole seconds: an answer of this second is not old.
        var apparent = Math.Max(0, receivedAt / 1000 - (ExactDate.Read(answer.First("Date"), receivedAt) ?? receivedAt / 1000));
        var corrected = Told(answer) * 1000 + Math.Max(0, receivedAt - requestedAt);
        return Math.Max(apparent * 1000, corrected);
    }

    /// <summary>What <c>Age</c> says: its first member counts, and what is no number is ignored (§5.1).</summary>
    private static long Told(FieldList answer)
    {
        foreach (var member in answer.Members("Age"))
            return DeltaSeconds.Read(member) ?? 0;
        return 0;
    }
}

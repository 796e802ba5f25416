"""Names that columns of kpikit's own have while a question is computed: an own field of that name is kept as ``own_…``.

A list, because a column that is called like a working column would silently be overwritten by it. A test reads the
program and says which names are missing here; a name that is here without need costs nobody anything.
"""

from __future__ import annotations

from kpikit.schema import PERSON_COLUMNS, TABLES

_WORKING = frozenset(
    """
    about accepted_at account_id acted_at acted_on advance after_outcome age age_days alike all alpha among amount
    amount_home answer asleep at at_other at_stage attended back bare because before before_ before_stage begin
    begun begun_at begun_late begun_on beta beyond_at bin blank book_hash both busy_at case centre certainty
    chance change changed_at clear close close_on closed closed_at closed_stage code cohort column column_other
    competitor contact_key created_at created_day created_on criterion currencies_mixed currency customer
    customer_goal days days_in_stage days_silent deal deal_id deal_id_other deal_pipeline deal_recorded_at
    deal_seen_at definition detail dimension direction discount down driver due_on earlier end end_unknown ended
    ended_at ended_on ends enough entered entered_at entered_day entered_late entry entry_age entry_days entry_id
    example excluded exit expected expected_close_on fact farthest few_at_once few_deals few_exits few_reviewed
    field figure file finding first first_at first_on first_position followed_to from_age from_days from_on
    from_on_right full_time gap gone grace group half_still_open half_still_there handed_over happened_at
    happening has_left has_moved has_returned held_at held_on high high80 high80_earlier high_bound high_limit
    high_together hint home horizon industry infer_schema_length interview is_act is_after is_asked is_at_least
    is_closed is_day is_discounted is_exact is_followed is_gap is_held is_in_book is_kept is_known is_late is_lost
    is_lot is_mature is_never is_now is_open is_ours is_overdue is_pending is_pinned is_present is_priced
    is_regretted is_renewed is_said is_silent is_sleeping is_so is_told is_undated is_won is_written is_year
    is_young its_account k kept key keys kind known kpi label landmark lane language last last_ last_act_at late
    later later_late least_shown left left_at left_before_recorded len likeness log loss_reason lost lot low low80
    low80_earlier low_bound low_limit low_together lowest made_at maintain_order mark_days mean_of_advanced
    meaning median median_of_ended met minutes mix model_ moment moments months more_like_this n n_at_risk
    n_before n_both n_customers n_decided n_events n_excluded n_followed n_kept n_late n_leads n_left n_lost
    n_merged n_never n_old n_open n_priced n_recognised n_returned n_set_aside n_that_old n_traits n_unasked
    n_unknown n_unpriced n_unwanted n_wanted n_won n_won_before n_won_later n_won_with n_won_without n_young name
    named near near_answer near_key never new next_ next_act next_at next_close next_on next_pipeline
    next_position next_stage next_step next_step_on no_ no_decision nobody nobody_followed none not_reached
    not_yet nothing nothing_ended nothing_lost nothing_on noticeable now offer_asked_by offered_at ok old on
    on_of_ended on_of_entered once one_group open open_at open_id open_now open_then orient outcome outcome_at
    outcome_day outcome_on outcome_team outcomes_start_later own_days own_pipeline owner p p_adjusted p_holm
    p_next p_permuted part passed past pending people period permission phase pipeline place position present
    priced probability quotable r rank rank_high rank_low rate raw reason recorded_at refused renewed_by
    renewed_on rest retention rival rival_group row rule said said_at same schema schema_overrides score se seen
    seen_at seen_by segment seq session_id set set_aside settled_on share share_of_full_time shown_by since size
    skipped skipped_to sleeping small_group soon_on source spent spoken spread stage state stated status stays
    step still still_open still_there story strict subject superseded suppressed t table taken_over team
    team_begun text their_team then time timed told told_as told_at told_by told_group too_few too_young total
    trait unit unknown unknown_stage until until_first until_on up us usable usual value visit void warnings was
    was_on weight what what_ window won won_on won_value words worth written_at
    """.split()  # noqa: SIM905 - a list of four hundred texts reads worse
)
#: every name that an own field cannot bear as its column
TAKEN = _WORKING | PERSON_COLUMNS | frozenset(TABLES["deals"].names)
